"""Kernels for proofs: each notebook gets its own process, folder, environment and scratch space.

Used by the course runner, by the authors' tool and by the comparison of outputs, so that all three see the same world.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["KERNEL", "kernel_environment"]

KERNEL = "python3"
"""The only kernel of the course: the Python that runs ecrlab."""

_NEVER_INHERITED = ("AWS_", "ECRLAB_", "PYTHONSTARTUP")


def kernel_environment(scratch: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """Say what a kernel under proof finds in its environment.

    No AWS variable, profile or instance role reaches it, and no setting of the kit: a proof is about the defaults. It
    writes progress, outcomes and temporary files into ``scratch`` only, and what would vary from machine to machine
    (time zone, hash seed, plot backend) is fixed.

    Args:
        scratch: An existing folder of this run.
        inherited: What to start from; default: the environment of this process.
    """
    kept = {
        name: value
        for name, value in (os.environ if inherited is None else inherited).items()
        if not name.upper().startswith(_NEVER_INHERITED)
    }
    return kept | {
        "AWS_CONFIG_FILE": str(scratch / "no-aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(scratch / "no-aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "ECRLAB_PROGRESS": str(scratch / "progress.json"),
        "ECRLAB_OUTCOMES": str(scratch / "outcomes.jsonl"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)),
    }
