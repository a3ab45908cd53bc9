"""A Node.js application: ``node_modules`` with its lock, on a system below and some code on top."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecrlab.oci.archive import File
from ecrlab.oci.build import layer
from ecrlab.oci.image import Image
from ecrlab.oci.recipes.lab_sets import base_or_default
from ecrlab.oci.recipes.packages import NPM
from ecrlab.oci.recipes.stacking import placeholder, stacked

__all__ = ["node_app"]

_APP = "usr/src/app"
_RUNTIME = {"usr/local/bin/node": placeholder("node"), "usr/local/bin/nodejs": File(link_to="node")}
_RUN = {
    "User": "10001:10001",
    "WorkingDir": f"/{_APP}",
    "Env": ["NODE_ENV=production"],
    "ExposedPorts": {"3000/tcp": {}},
    "Entrypoint": ["node"],
    "Cmd": ["server.js"],
}
_SERVER = """const http = require("node:http");

http.createServer((request, response) => response.end("ok\\n")).listen(3000);
"""


def node_app(packages: Mapping[str, str], *, base: Image | None = None) -> Image:
    """Build an application of three layers on a base: Node.js, what npm installed, the code.

    Args:
        packages: Packages and versions, ``{"express": "4.21.1"}``; a scope is written as in ``@scope/name``.
        base: The system below; without one, the rebuilt Debian 12 on amd64.

    Raises:
        InvalidInput: A name or version that npm would not have, or a base that is no image.

    Source: npm documentation, package.json and package-lock.json (lockfileVersion 3).
    """
    chosen = NPM.checked(packages)
    below = base_or_default("node_app", base)
    app = {"name": "shop", "version": "1.0.0", "private": True, "dependencies": chosen}
    entries = {f"node_modules/{name}": {"version": version} for name, version in chosen.items()}
    lock = {
        "name": "shop",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {"": app, **entries},
    }
    installed = {"package.json": app, "package-lock.json": lock} | {
        f"node_modules/{name}/package.json": {"name": name, "version": version, "main": "index.js"}
        for name, version in chosen.items()
    }
    modules = layer({f"{_APP}/{path}": _indented(document) for path, document in installed.items()})
    return stacked(below, layer(_RUNTIME), modules, layer({f"{_APP}/server.js": _SERVER}), run=_RUN)


def _indented(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
