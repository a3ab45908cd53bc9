"""One finding: a vulnerability in a package of an image, where it came from, and what removes it."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.scan.advisory import Advisory, Vulnerability, severity_rank
from ecrlab.scan.package import Package

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True, repr=False)
class Finding(ShownAs):
    """A vulnerability in one source package (or library) of an image; shows itself as a card that explains it.

    A source package such as ``openssl`` gives several installed packages; together they are one finding. Two versions
    of a library in one image are two.

    Args:
        advisory: What says that the version is affected.
        packages: The installed packages built from it, the one named like the source first, then by name and path.
        fixed_in: The first version without the flaw in the branch that is installed; ``None`` if there is none.
    """

    advisory: Advisory
    packages: tuple[Package, ...]
    fixed_in: str | None

    @property
    def vulnerability(self) -> Vulnerability:
        """The flaw."""
        return self.advisory.vulnerability

    @property
    def id(self) -> str:
        """The number of the flaw: ``CVE-2021-44228``."""
        return self.advisory.id

    @property
    def severity(self) -> str:
        """One of ``SEVERITIES``: the band of the record's score. AWS takes the distribution's rating first."""
        return self.vulnerability.severity

    @property
    def package(self) -> Package:
        """The installed package that stands for all of them."""
        return self.packages[0]

    @property
    def source(self) -> str:
        """The source package, origin or library: ``openssl``; advisories and reports are keyed on it."""
        return self.package.source

    @property
    def version(self) -> str:
        """The version of the source that is installed."""
        return self.package.source_version

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same finding in another image: number, ecosystem and source, whatever the version."""
        return self.id, self.advisory.ecosystem, self.advisory.package

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """Sorts the worst severity first, then by number, package and version."""
        return severity_rank(self.severity), self.id, self.advisory.ecosystem, self.source, self.version

    def _shown(self) -> Card:
        flaw = self.vulnerability
        first, *others = [f"`{package}`" for package in self.packages]
        facts = [
            *flaw.facts()[:-1],
            ("package", first + (f", and {', '.join(others)}" if others else "")),
            ("listed in", f"`{self.package.file_path}`"),
            ("brought by layer", f"`{self.package.layer_digest}`"),
            ("affected", " or ".join(map(str, self.advisory.ranges))),
            ("fixed in", self.fixed_in or "no version yet"),
            ("record", flaw.url),
        ]
        body = [flaw.description, self._way_out()]
        if self.advisory.note:
            body.append(f"Note: {self.advisory.note}.")
        body += [f"Checked against {each.source.title}: {each.locator}" for each in self.advisory.verified]
        tone = Tone.BAD if severity_rank(self.severity) < 2 else Tone.HINT
        return Card(f"{self.id} in {self.source}: {flaw.title}", facts, body, tone=tone)

    def _way_out(self) -> str:
        if self.fixed_in is None:
            return f"What to do: take {self.source} out of the image, or keep the flaw out of reach."
        what = "the base image" if self.package.belongs_to_system else "the application"
        return f"What to do: rebuild {what} with {self.source} {self.fixed_in} or later."
