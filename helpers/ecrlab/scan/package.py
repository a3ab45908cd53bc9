"""A package that is installed in an image, and the system it is installed in."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

from ecrlab.naming import Digest

__all__ = ["OS_MANAGERS", "Manager", "Package", "System"]

Manager = Literal["dpkg", "apk", "rpm", "pip", "npm", "maven"]
"""Who installed a package, or whose description of it was read."""

OS_MANAGERS: frozenset[Manager] = frozenset({"dpkg", "apk", "rpm"})
"""The managers whose packages belong to the system; the others serve one programming language."""


@dataclass(frozen=True, slots=True)
class System:
    """What ``os-release`` says about the distribution in an image.

    Args:
        id: In lower case: ``debian``, ``alpine``, ``ubuntu``, ``rhel``, ``amzn``.
        version_id: ``12``, ``3.18.4``; empty where the distribution has none, as Debian's unstable.
        pretty_name: For people: ``Debian GNU/Linux 12 (bookworm)``.

    Source: os-release(5).
    """

    id: str
    version_id: str = ""
    pretty_name: str = ""

    def __str__(self) -> str:
        return self.pretty_name or f"{self.id} {self.version_id}".rstrip()


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package: what it is, in which version, and which file of which layer says so.

    Args:
        ecosystem: Who orders versions and publishes advisories: ``Debian:12``, ``Alpine``, ``PyPI``, ``npm``,
            ``Maven``; where the kit has no advisories, ``Ubuntu:24.04``, ``RedHat:9`` and the like.
        name: As the ecosystem spells it: ``libssl3``, ``jinja2`` (normalised), ``@babel/core``, ``org.yaml:snakeyaml``.
        version: As it is written there: ``1:1.2.13.dfsg-1``, ``3.0.9-r1``, ``2.14.1``.
        source: The source package (Debian, rpm) or origin (Alpine) it was built from, on which a distribution's
            advisories are keyed; the name where there is none.
        source_version: Of the source; it differs for rebuilds such as ``1.2-3+b1``. The version where there is none.
        architecture: ``amd64``, ``x86_64``, ``all``; empty where the ecosystem has none.
        manager: Who installed it.
        file_path: The file that says so, without a leading ``/``. ``app.jar!/lib/x.jar`` is an archive in an archive.
        layer_digest: The layer that brought it; a layer above that merely repeats it in a newer copy of the same
            file is not named.
    """

    ecosystem: str
    name: str
    version: str
    _: KW_ONLY
    source: str = ""
    source_version: str = ""
    architecture: str = ""
    manager: Manager
    file_path: str
    layer_digest: Digest

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", self.source or self.name)
        object.__setattr__(self, "source_version", self.source_version or self.version)

    @property
    def belongs_to_system(self) -> bool:
        """Whether the distribution's package manager put it there; basic scanning looks at nothing else."""
        return self.manager in OS_MANAGERS

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
