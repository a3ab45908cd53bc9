"""Learn Amazon ECR by doing, without an AWS account.

The names below are all that a notebook needs; each is imported when it is first used,
so that ``import ecrlab`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Aws": "ecrlab.cloud",
    "Lab": "ecrlab.cloud",
    "Mock": "ecrlab.cloud",
    "access": "",
    "check": "ecrlab.course",
    "deploy": "",
    "expect_error": "ecrlab.cloud",
    "hint": "ecrlab.course",
    "lifecycle": "",
    "oci": "",
    "open_lab": "ecrlab.cloud",
    "pricing": "",
    "quiz": "ecrlab.show",
    "registry": "",
    "reset": "ecrlab.course",
    "scan": "",
    "security": "",
    "show": "",
    "signatures": "",
    "solution": "ecrlab.course",
    "workloads": "",
}
"""Public name -> the module it lives in; an empty home means the name is itself a subpackage."""

__all__ = [*sorted(_HOMES), "__version__"]

if TYPE_CHECKING:
    from ecrlab import access, deploy, lifecycle, oci, pricing, registry, scan, security, show, signatures, workloads
    from ecrlab.cloud import Aws, Lab, Mock, expect_error, open_lab
    from ecrlab.course import check, hint, reset, solution
    from ecrlab.show import quiz


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ecrlab' has no attribute {name!r}; it offers {', '.join(sorted(_HOMES))}")
    home = _HOMES[name]
    value = getattr(import_module(home), name) if home else import_module(f"ecrlab.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
