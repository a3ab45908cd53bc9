"""Which of two versions is the later one, by the rules of the packages' own world.

``univers`` knows those rules. It also strips spaces and a leading ``v``, and drops what follows an Alpine revision
before it reads a version, so each world's grammar is asked first: what does not fit it, or what ``univers`` cannot
read, is *not comparable*. That is an answer of its own (``None``), never a guess.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["compare", "is_readable"]


class _Order(NamedTuple):
    """How one world orders its versions: the class of ``univers`` that knows it, and what a version looks like."""

    univers_class: str
    grammar: re.Pattern[str]


_DPKG = _Order(
    "DebianVersion",  # Debian Policy, 5.6.12; a colon after the epoch is legal there, and univers does not read it
    re.compile(r"([0-9]+:)?[0-9]([A-Za-z0-9.+~-]*[A-Za-z0-9.+~])?"),
)
_APK = _Order(
    # Alpine's wiki, "Package policies"; _git, _svn, _cvs and _hg are legal there as well, and univers lacks them.
    "AlpineLinuxVersion",
    re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)*[a-z]?(_(alpha|beta|pre|rc|p)[0-9]*)*(-r[0-9]+)?"),
)
_RPM = _Order("RpmVersion", re.compile(r"([0-9]+:)?[A-Za-z0-9._+~^]+(-[A-Za-z0-9._+~^]+)?"))
_PYPI = _Order("PypiVersion", re.compile(r"[!-~]+"))  # PEP 440, which univers asks `packaging` about
_NPM = _Order(
    "SemverVersion",  # semver.org, 2.0.0; univers alone would make something of 1.2.3.4 and of 1.2
    re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"),
)
_MAVEN = _Order(
    # Not ${project.version}, which is no version. It is no total order: where a qualifier follows a dot here and a
    # hyphen there it runs in circles (1.1-SNAPSHOT < 1.1 < 1.1.jre2 < 1.1-SNAPSHOT). So never sort.
    "MavenVersion",
    re.compile(r"[0-9][0-9A-Za-z._+-]*"),
)

_RPM_FAMILIES = ("almalinux", "amazonlinux", "azurelinux", "fedora", "ol", "photon", "redhat", "rocky", "rpm", "sles")
_ORDERS = {
    **dict.fromkeys(("debian", "ubuntu"), _DPKG),
    **dict.fromkeys(("alpine", "chainguard", "minimos", "wolfi"), _APK),
    **dict.fromkeys(_RPM_FAMILIES, _RPM),
    "pypi": _PYPI,
    "npm": _NPM,
    "maven": _MAVEN,
}
_LONGEST = 256  # Python reads no number of thousands of digits, and no package has such a version


def compare(ecosystem: str, one: str, other: str) -> int | None:
    """Say which of two versions comes first.

    Args:
        ecosystem: ``Debian:12``, ``Alpine``, ``PyPI``, ``npm``, ``Maven``, …; what follows a colon is ignored.
        one: A version as the ecosystem writes it.
        other: Another one.

    Returns:
        -1 if ``one`` is the earlier, 0 if they are equal, 1 if it is the later; ``None`` if they are not comparable,
        because one of them is no version of this ecosystem or its order is not known here.
    """
    first, second = _read(ecosystem, one), _read(ecosystem, other)
    if first is None or second is None:
        return None
    if first < second:
        return -1
    if first > second:
        return 1
    return 0


def is_readable(ecosystem: str, version: str) -> bool:
    """Say whether a version can be compared with others of its ecosystem."""
    return _read(ecosystem, version) is not None


@lru_cache(maxsize=16_384)
def _read(ecosystem: str, text: str) -> Any:
    """Return a version that orders itself; ``None`` for what is not readable."""
    order = _ORDERS.get(ecosystem.partition(":")[0].lower())
    if order is None or len(text) > _LONGEST or not order.grammar.fullmatch(text):
        return None
    from univers import versions  # imports half a dozen packages; wanted only once something is compared

    if order is _NPM:
        text = text.partition("+")[0]  # semver.org, 10: build metadata has no part in the order
    try:
        return getattr(versions, order.univers_class)(text)
    except ValueError:  # its InvalidVersion is one
        return None
