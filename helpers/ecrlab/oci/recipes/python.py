"""A Python application: the metadata that pip leaves behind, on a system below and some code on top."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256

from ecrlab.oci.archive import File
from ecrlab.oci.build import layer
from ecrlab.oci.image import Image
from ecrlab.oci.recipes.lab_sets import base_or_default
from ecrlab.oci.recipes.packages import PYPI
from ecrlab.oci.recipes.stacking import placeholder, stacked

__all__ = ["SITE_PACKAGES", "python_app"]

SITE_PACKAGES = "usr/local/lib/python3.11/site-packages"
"""Where pip installs in the official Python images."""

_RUNTIME = {
    "usr/local/bin/python3": File(link_to="python3.11"),
    "usr/local/bin/python": File(link_to="python3.11"),
    "usr/local/bin/python3.11": placeholder("python3.11"),
}
_RUN = {
    "User": "10001:10001",
    "WorkingDir": "/app",
    "Env": ["LANG=C.UTF-8", "PYTHONUNBUFFERED=1"],
    "ExposedPorts": {"8000/tcp": {}},
    "Entrypoint": ["python"],
    "Cmd": ["main.py"],
}
_MAIN = """from http.server import HTTPServer, SimpleHTTPRequestHandler

HTTPServer(("", 8000), SimpleHTTPRequestHandler).serve_forever()
"""
# How projects write their own names; an index and a scanner compare them in small letters.
_AS_WRITTEN = {"django": "Django", "flask": "Flask", "jinja2": "Jinja2", "pyjwt": "PyJWT", "pyyaml": "PyYAML"}


def python_app(packages: Mapping[str, str], *, base: Image | None = None) -> Image:
    """Build an application of three layers on a base: the interpreter, what pip installed, the code.

    Args:
        packages: Distributions and versions, ``{"flask": "3.0.3"}``.
        base: The system below; without one, the rebuilt Debian 12 on amd64.

    Raises:
        InvalidInput: A name or version that the Python index would not have, or a base that is no image.

    Source: PyPA specification "Recording installed projects".
    """
    chosen = PYPI.checked(packages)
    below = base_or_default("python_app", base)
    installed: dict[str, str] = {}
    for name, version in chosen.items():
        installed |= _dist_info(_AS_WRITTEN.get(name, name), version)
    requirements = "".join(f"{name}=={version}\n" for name, version in chosen.items())
    code = layer({"app/main.py": _MAIN, "app/requirements.txt": requirements})
    return stacked(below, layer(_RUNTIME), layer(installed), code, run=_RUN)


def _dist_info(name: str, version: str) -> dict[str, str]:
    """The files of one ``.dist-info`` directory; a dash in a name becomes an underscore."""
    folder = f"{name.replace('-', '_')}-{version}.dist-info"
    contents = {
        f"{folder}/INSTALLER": "pip\n",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_fingerprint(content)}\n" for path, content in contents.items())
    contents[f"{folder}/RECORD"] = f"{record}{folder}/RECORD,,\n"
    return {f"{SITE_PACKAGES}/{path}": content for path, content in contents.items()}


def _fingerprint(content: str) -> str:
    data = content.encode()
    return f"sha256={urlsafe_b64encode(sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
