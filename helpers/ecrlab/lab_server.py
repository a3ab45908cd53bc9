"""JupyterLab on the course: loopback only, with a token, at the first notebook, its own window layout.

The learner's own Jupyter settings stay as they are and stay in force; what the kit adds lives in
``jupyterlab_settings/`` (no news, no update check: both would ask the internet) and in a workspace folder of its own,
so that tabs of other projects do not open here.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from ecrlab.errors import EcrLabError, InvalidInput

__all__ = ["FIRST_NOTEBOOK", "FIRST_PORT", "choose_port", "is_free", "serve", "trust"]

HOST = "127.0.0.1"
FIRST_PORT = 8888
LAST_PORT = 8999
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"


def is_free(port: int) -> bool:
    """Say whether nobody listens on a loopback port."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        if os.name == "posix":  # elsewhere this option would let us take a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose_port(named: int | None) -> int:
    """Return the named port if it is free; without a name the first free one from 8888 on.

    Raises:
        InvalidInput: The named port is no port, or it is taken; or all that we may choose from are.
    """
    if named is None:
        free = next((port for port in range(FIRST_PORT, LAST_PORT + 1) if is_free(port)), None)
        if free is None:
            raise InvalidInput("ports 8888 to 8999", "all are taken", "stop a server, or name a port with --port")
        return free
    if not 1024 <= named <= 65535:
        raise InvalidInput(f"port {named}", "a server of yours may use 1024 to 65535", f"use --port {FIRST_PORT}")
    if not is_free(named):
        other = next((port for port in range(named + 1, min(named + 100, 65536)) if is_free(port)), FIRST_PORT)
        raise InvalidInput(
            f"port {named}", "it is taken", f"use --port {other} (with make: make lab ARGS='--port {other}')"
        )
    return named


def trust(course: Path) -> int:
    """Sign the course's notebooks, so that JupyterLab shows their stored outputs in full; return how many.

    A signature is of the content: whatever else changes a notebook later makes it untrusted again.
    """
    import nbformat
    from nbformat.reader import NotJSONError
    from nbformat.sign import NotebookNotary

    from ecrlab.course.notebook import course_notebooks

    notary = NotebookNotary()  # type: ignore[no-untyped-call]
    signed = 0
    for path in course_notebooks(course):
        try:
            notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        except (OSError, NotJSONError, nbformat.ValidationError):
            continue  # JupyterLab says what is wrong with it when it is opened
        notary.sign(notebook)  # type: ignore[no-untyped-call]
        signed += 1
    notary.store.close()
    return signed


def serve(
    course: Path, *, port: int | None, browser: bool, extra: Sequence[str] = (), say: Callable[[str], None]
) -> None:
    """Run JupyterLab until it is stopped.

    Args:
        course: The folder that the file browser shows.
        port: A loopback port; ``None`` takes the first free one.
        browser: Whether to open the learner's browser.
        extra: Further arguments for JupyterLab, as it spells them.
        say: Told the address, with the token, once the server listens.

    Raises:
        InvalidInput: The port is taken.
        EcrLabError: JupyterLab is not installed.
    """
    port = choose_port(port)
    try:
        from jupyterlab.labapp import LabApp
    except ImportError as exc:
        raise EcrLabError("JupyterLab", f"it is not installed ({exc})", "install requirements.txt (make lab)") from exc
    trust(course)
    # Set by us, the token is not printed a second time by Jupyter; one that the learner has set stays.
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    server = LabApp.initialize_server(argv=[*_arguments(course, port, token, browser=browser), *extra])
    address = f"http://{HOST}:{port}/lab/tree/{FIRST_NOTEBOOK}?token={token}"
    # Jupyter binds the port in its event loop; what is added after that runs after that.
    server.io_loop.add_callback(say, f"JupyterLab: {address}\nStop it with Ctrl-C; your work stays.")
    signal.signal(signal.SIGINT, lambda *_: server.stop(from_signal=True))  # at once, kernels included
    server.start()


def _arguments(course: Path, port: int, token: str, *, browser: bool) -> list[str]:
    from platformdirs import user_data_path

    settings = Path(__file__).parent / "jupyterlab_settings"
    options = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": course,
        "ServerApp.open_browser": browser,
        # Containers and classrooms run as root; loopback and a token keep others out all the same.
        "ServerApp.allow_root": True,
        "ServerApp.log_level": "ERROR",
        "IdentityProvider.token": token,
        "LabApp.default_url": f"/lab/tree/{FIRST_NOTEBOOK}",
        "LabApp.app_settings_dir": settings,
        "LabApp.workspaces_dir": user_data_path("ecrlab") / "workspaces",
        "LabApp.log_level": "ERROR",
    }
    sys.argv[0] = "jupyter-lab"  # what Jupyter calls itself in its messages
    return [f"--{name}={value}" for name, value in options.items()]
