"""How much the scanner reads before it says "enough": an image is a stranger's file, and may be a bomb.

A limit that is passed ends the reading of that layer, or of that file, with a warning in the inventory. It is no error:
what was read until then stands.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIMITS", "Enough", "Limits"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one layer.

    Args:
        unpacked: Bytes of its tar.
        ratio: Times that the tar may be larger than what it was packed into; gzip can reach 1,030.
        ratio_from: Bytes of tar from which ``ratio`` counts: small layers may be as empty as they like.
        members: Files, directories and links.
        names: Characters in all their names together.
        header: Bytes of one extended header.
        packages: What all files of the layer list together.
        text: Characters of what is kept of one package.
        file: Bytes of one file that lists packages, Java archives included.
        nested: Bytes unpacked from one Java archive and from those inside it.
        entries: Files in one Java archive.
        depth: Archives in archives; a war file with jar files has two.
    """

    unpacked: int = 16_384 * _MIB
    ratio: int = 200
    ratio_from: int = 64 * _MIB
    members: int = 1_000_000
    names: int = 64 * _MIB
    header: int = _MIB
    packages: int = 100_000
    text: int = 2_000
    file: int = 128 * _MIB
    nested: int = 256 * _MIB
    entries: int = 200_000
    depth: int = 4


LIMITS = Limits()
"""What applies unless a caller says otherwise."""


class Enough(Exception):
    """A limit was passed; the text says which, as the end of a sentence. Callers never see it raised."""
