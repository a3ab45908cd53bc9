"""Who looks on while a cell runs: a person in JupyterLab, or a program that fills in outputs."""

from __future__ import annotations

import builtins

__all__ = ["is_live"]


def is_live() -> bool:
    """Tell whether the running cell was sent by a notebook front end with widgets.

    JupyterLab puts the id of the cell into the metadata of its execute_request; nbclient, and so papermill, nbconvert
    and nbval, put nothing there. Outside a kernel, and in a plain IPython terminal, the answer is no.
    """
    find_shell = getattr(builtins, "get_ipython", None)
    kernel = getattr(find_shell(), "kernel", None) if find_shell else None
    if kernel is None:
        return False
    request = kernel.get_parent("shell") or {}
    return "cellId" in request.get("metadata", {})
