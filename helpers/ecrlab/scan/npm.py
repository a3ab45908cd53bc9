"""Installed npm packages: ``node_modules/<name>/package.json`` and ``node_modules/@<scope>/<name>/package.json``.

Only the root of each package counts. A ``package.json`` deeper inside one is a part of it: a module's type, test data.

Sources: npm documentation, "folders" and "package.json" (name and version are what makes a package).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ecrlab.scan.listing import Listed, Unreadable

__all__ = ["is_package_root", "read_package_json"]

_ROOT = re.compile(r"(?:^|/)node_modules/(?:@[^/]+/)?[^/@.][^/]*/package\.json$")


def is_package_root(path: str) -> bool:
    """Say whether a ``package.json`` describes an installed package."""
    return _ROOT.search(path) is not None


def read_package_json(data: bytes) -> Iterator[Listed]:
    """List the one package that a ``package.json`` describes; nothing if it has no version.

    A package without a version was never published: part of an application that lies in ``node_modules``.

    Raises:
        Unreadable: It is no JSON object, or its name is none.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise Unreadable("it is not JSON") from exc
    if not isinstance(document, dict):
        raise Unreadable("it is no JSON object")
    name, version = document.get("name"), document.get("version")
    if version is None:
        return
    if not (isinstance(name, str) and isinstance(version, str) and name and version):
        raise Unreadable("its name or its version is no text")
    yield Listed(name, version)
