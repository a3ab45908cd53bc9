"""Installed Python distributions: ``*.dist-info/METADATA`` of wheels, and the older ``*.egg-info``.

An ``egg-info`` is a folder with a ``PKG-INFO``, or one file of that content. Only the headers are read; the description
that follows is other people's prose.

Sources: Python packaging, "Recording installed projects", "Core metadata specifications" and "Names and normalization"
(PEP 503); setuptools, "The Internal Structure of Python Eggs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ecrlab.scan.listing import Listed, Unreadable
from ecrlab.scan.stanzas import paragraphs

__all__ = ["normalised", "read_metadata"]

_WANTED = frozenset({"name", "version"})


def normalised(name: str) -> str:
    """Spell a distribution's name as package indexes do: ``Flask_SQLAlchemy`` is ``flask-sqlalchemy``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_metadata(data: bytes) -> Iterator[Listed]:
    """List the one distribution that a metadata file describes.

    Raises:
        Unreadable: It has no name or no version.
    """
    known = next(paragraphs(data, _WANTED), {})
    if not (known.get("name") and known.get("version")):
        raise Unreadable("it has no name or no version")
    yield Listed(normalised(known["name"]), known["version"])
