"""Package sets as the recipes take them: names and versions, checked against the rules of their ecosystem."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ecrlab.errors import InvalidInput

__all__ = ["ALPINE", "DEBIAN", "MAVEN", "NPM", "PYPI", "Naming"]

# A version goes into text files with one field to a line, and into file names.
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:_!-]*")


@dataclass(frozen=True, slots=True)
class Naming:
    """How one ecosystem names its packages.

    Args:
        pattern: What a whole name must match.
        what: The kind of name, for messages.
        example: A name and a version that are right.
    """

    pattern: re.Pattern[str]
    what: str
    example: tuple[str, str]

    def checked(self, packages: Mapping[str, str]) -> dict[str, str]:
        """Return the set in the order of its names, so that no digest depends on the order of writing.

        Raises:
            InvalidInput: No mapping, a name that this ecosystem does not have, or a version that is none.
        """
        name, version = self.example
        if not isinstance(packages, Mapping):
            raise InvalidInput("packages", f"{packages!r:.60} is no mapping", f"write {{{name!r}: {version!r}}}")
        for key, value in packages.items():
            if not isinstance(key, str) or not self.pattern.fullmatch(key):
                raise InvalidInput(f"packages[{key!r}]", f"it is not {self.what}", f"write it like {name!r}")
            if not isinstance(value, str) or not _VERSION.fullmatch(value):
                raise InvalidInput(f"packages[{key!r}]", f"{value!r} is no version", f"write text like {version!r}")
        return dict(sorted(packages.items()))


# Debian policy 5.6.1, Source.
DEBIAN = Naming(re.compile(r"[a-z0-9][a-z0-9+.-]+"), "the name of a source package", ("openssl", "3.0.20-1~deb12u2"))
# What abuild accepts as pkgname: a letter or digit first.
ALPINE = Naming(re.compile(r"[a-z0-9][a-z0-9+._-]*"), "the name of an origin package", ("openssl", "3.3.7-r2"))
# PyPA specification "Names and normalization".
PYPI = Naming(
    re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"), "the name of a Python distribution", ("flask", "3.0.3")
)
# npm documentation, package.json, "name": URL-safe, no capitals in new packages, perhaps with a scope.
NPM = Naming(
    re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*"), "the name of an npm package", ("ws", "8.18.0")
)
# Maven, "Guide to naming conventions": what its model validator takes as an id.
MAVEN = Naming(
    re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+"),
    "a group and an artifact with a colon between",
    ("org.apache.commons:commons-text", "1.12.0"),
)
