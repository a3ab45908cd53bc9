"""What a notebook may name: small, documented, and free to import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import ecrlab
import pytest
from ecrlab import cloud

PUBLIC = {
    "Aws",
    "Lab",
    "Mock",
    "__version__",
    "access",
    "check",
    "deploy",
    "expect_error",
    "hint",
    "lifecycle",
    "oci",
    "open_lab",
    "pricing",
    "quiz",
    "registry",
    "reset",
    "scan",
    "security",
    "show",
    "signatures",
    "solution",
    "workloads",
}
LAB = {
    "account_id",
    "act_as",
    "administrator",
    "card",
    "clean_up",
    "client",
    "clock",
    "close",
    "mode",
    "region",
    "registry",
    "repository_name",
    "resource",
    "why",
}
HEAVY = {"boto3", "botocore", "moto", "IPython", "ipywidgets", "matplotlib", "pandas", "requests", "papermill"}
"""Packages that cost time to import; the core path does without those after moto as well."""


def imported_by(source: str) -> set[str]:
    """Run some lines in a process of their own, and say which top-level packages it has imported."""
    report = "import json, sys; json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", f"{source}\n{report}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_the_public_names():
    """``__all__`` is exactly the documented list; a new name is a decision."""
    assert set(ecrlab.__all__) == PUBLIC
    assert set(dir(ecrlab)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_a_public_name_is_there_and_documented(name):
    """Every name resolves, and says what it is."""
    assert (getattr(ecrlab, name).__doc__ or "").strip()


def test_a_lab_offers_what_notebooks_rely_on():
    """The names of a lab are kept, and each method is documented."""
    lab = ecrlab.open_lab()
    with lab:
        offered = {name for name in dir(lab) if not name.startswith("_")}

    assert offered == LAB
    methods = [member for name, member in inspect.getmembers(ecrlab.Lab, callable) if not name.startswith("_")]
    assert all(method.__doc__ for method in methods)


def test_the_promised_signatures():
    """Parameters that later parts and outside checks use by name."""
    opened = inspect.signature(ecrlab.open_lab).parameters

    assert list(opened) == ["mode", "region", "account_id", "strict", "start"]
    assert all(opened[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(opened)[1:])
    assert list(inspect.signature(ecrlab.Lab.client).parameters) == ["self", "service", "region"]
    assert callable(cloud.current_lab)


def test_error_an_unknown_name_lists_what_there_is():
    """A misspelled name is answered with the list."""
    with pytest.raises(AttributeError) as failure:
        _ = ecrlab.open_labs

    assert str(failure.value).startswith("module 'ecrlab' has no attribute 'open_labs'; it offers Aws, Lab, Mock, ")


def test_importing_costs_next_to_nothing():
    """``import ecrlab`` brings in none of the heavy packages."""
    assert set() == HEAVY & imported_by("import ecrlab")


def test_the_core_path_does_without_display_and_data_packages():
    """Opening a lab and calling ECR imports boto3 and moto, but neither IPython nor pandas nor plotting."""
    imported = imported_by("from ecrlab import open_lab\nopen_lab().client('ecr').describe_repositories()")

    assert {"boto3", "botocore", "moto", "requests"} == HEAVY & imported
