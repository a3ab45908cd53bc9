"""What apk has installed: ``lib/apk/db/installed`` of Alpine images.

::

    P:libcrypto3          package
    V:3.1.2-r0            version
    A:x86_64              architecture
    o:openssl             origin: the recipe it was built from, on which Alpine's advisories are keyed
    F:lib                 then its directories and files, which a scan passes over

A blank line ends a package. Source: Alpine wiki, "Apk spec", "Installed Database V2".
"""

from __future__ import annotations

from collections.abc import Iterator

from ecrlab.scan.listing import Listed, Unreadable
from ecrlab.scan.stanzas import paragraphs

__all__ = ["read_installed"]

_WANTED = frozenset("PVAo")


def read_installed(data: bytes) -> Iterator[Listed]:
    """List the packages of an installed database.

    Raises:
        Unreadable: A package without a name or a version.
    """
    incomplete = 0
    for known in paragraphs(data, _WANTED, case=True):
        if known.get("P") and known.get("V"):
            yield Listed(known["P"], known["V"], known.get("o", ""), "", known.get("A", ""))
        else:
            incomplete += 1
    if incomplete:
        raise Unreadable(f"packages without a name or a version: {incomplete}")
