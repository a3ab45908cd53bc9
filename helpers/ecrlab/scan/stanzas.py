"""Text in paragraphs of ``Field: value`` lines, as Debian's, Alpine's and Python's package descriptions are written.

Sources: Debian Policy Manual, 5.1 "Syntax of control files" (RFC 822, continuation lines begin with a space or a tab);
Python packaging, "Core metadata specifications"; Alpine wiki, "Apk spec" (one letter before the colon, and letters have
case).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO

__all__ = ["paragraphs"]


def paragraphs(data: bytes, wanted: frozenset[str], *, case: bool = False) -> Iterator[Mapping[str, str]]:
    """Yield the wanted fields of each paragraph, line by line: no more of a large file is held than them.

    Args:
        data: UTF-8; what is not is replaced.
        wanted: The fields, in lower case unless ``case``. The first line of the first one of a name counts.
        case: Whether names have case.
    """
    found: dict[str, str] = {}
    inside = False
    for line in BytesIO(data):
        if not line.strip():
            if inside:
                yield found
            found, inside = {}, False
            continue
        inside = True
        name, colon, value = line.partition(b":")
        if not colon or line[:1] in b" \t":
            continue
        key = name.strip().decode("utf-8", "replace")
        key = key if case else key.lower()
        if key in wanted:
            found.setdefault(key, value.strip().decode("utf-8", "replace"))
    if inside:
        yield found
