"""What is wrong, risky or worth knowing in a task definition or a manifest: values, and how they show themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ecrlab.access.findings import Severity
from ecrlab.cards import Card, ShownAs, Table, Tone

__all__ = ["Code", "Finding", "Findings"]


class Code(StrEnum):
    """The name of a finding; it stays the same whatever the sentence says."""

    # The service refuses it, or nothing could start
    UNKNOWN_FIELD = "unknown-field"
    WRONG_TYPE = "wrong-type"
    MISSING_FIELD = "missing-field"
    UNKNOWN_VALUE = "unknown-value"
    WRONG_SHAPE = "wrong-shape"
    NO_IMAGE = "no-image"
    PLACEHOLDER = "placeholder"
    BAD_DIGEST = "bad-digest"
    BAD_IMAGE = "bad-image"
    PLATFORM_MISMATCH = "platform-mismatch"
    NO_CONTAINERS = "no-containers"
    DUPLICATE_NAME = "duplicate-name"
    NO_ESSENTIAL = "no-essential"
    NO_EXECUTION_ROLE = "no-execution-role"
    BAD_ROLE = "bad-role"
    NETWORK_MODE = "network-mode"
    TASK_SIZE = "task-size"
    CONTAINER_SIZE = "container-size"
    PORT_MISMATCH = "port-mismatch"
    NOT_ON_FARGATE = "not-on-fargate"
    LOG_OPTIONS = "log-options"
    LOG_ROUTER = "log-router"
    BAD_SECRET = "bad-secret"
    SELECTOR_MISMATCH = "selector-mismatch"

    # Works, and gives away what should be kept
    PLAIN_SECRET = "plain-secret"
    STATIC_KEYS = "static-keys"

    # Works today, and may not tomorrow
    LATEST_TAG = "latest-tag"
    NO_TAG = "no-tag"
    DOCKER_HUB = "docker-hub"
    SHORT_LIVED_SECRET = "short-lived-secret"
    STALE_IMAGE = "stale-image"
    NEVER_PULLED = "never-pulled"
    LOG_REGION = "log-region"
    OLD_LABEL = "old-label"

    # Good to know
    CROSS_ACCOUNT = "cross-account"
    CROSS_REGION = "cross-region"
    PLATFORM_UNSAID = "platform-unsaid"
    SAME_ROLE = "same-role"
    EMPTY_SECRET = "empty-secret"
    LOG_GROUP = "log-group"
    ANSWER_FIELD = "answer-field"
    NULL_FIELD = "null-field"
    UNKNOWN_KIND = "unknown-kind"

    @property
    def severity(self) -> Severity:
        """How bad it is; a mistake means that the service refuses it or that nothing starts."""
        position = list(Code).index(self)
        for first, severity in _FROM_HERE_ON:
            if position >= list(Code).index(first):
                return severity
        return Severity.MISTAKE


_FROM_HERE_ON = (
    (Code.CROSS_ACCOUNT, Severity.NOTE),
    (Code.LATEST_TAG, Severity.CAUTION),
    (Code.PLAIN_SECRET, Severity.DANGER),
)


@dataclass(frozen=True, slots=True, repr=False)
class Finding(ShownAs):
    """One thing that a reviewer would point at.

    Args:
        code: Its stable name.
        place: Where: ``containerDefinitions[0].image``, ``Deployment/api.spec.template.spec.containers[0].image``.
        line: The line of the text, from 1; ``None`` for something that is not there.
        sentence: What is the case and what follows from it.
        way_out: What to write instead, as an instruction.
    """

    code: Code
    place: str
    line: int | None
    sentence: str
    way_out: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.code.severity

    @property
    def where(self) -> str:
        """The place and the line, in code style."""
        return f"`{self.place}`" + (f" (line {self.line})" if self.line else "")

    def _shown(self) -> Card:
        tone = {Severity.DANGER: Tone.BAD, Severity.MISTAKE: Tone.BAD, Severity.CAUTION: Tone.HINT}
        facts = (("place", self.where), ("severity", self.severity.value))
        body = (self.sentence, f"What to do: {self.way_out}.")
        return Card(self.code.value, facts, body, tone=tone.get(self.severity, Tone.NOTE))


class Findings(tuple[Finding, ...], ShownAs):
    """The findings about one text, the worst first, then in the order of the text; shows itself as a table."""

    __slots__ = ()

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes, in the same order, each once."""
        return tuple(dict.fromkeys(finding.code for finding in self))

    @property
    def usable(self) -> bool:
        """Whether it can be deployed: there is no mistake in it. What is risky or leaks can still be deployed."""
        return all(finding.severity is not Severity.MISTAKE for finding in self)

    def worth_fixing(self) -> Findings:
        """Leave the notes out."""
        return Findings(finding for finding in self if finding.severity is not Severity.NOTE)

    def _shown(self) -> Card | Table:
        if not self:
            return Card("Nothing to find fault with", tone=Tone.GOOD)
        rows = [(f.severity.value, f.code.value, f.where, f.sentence, f.way_out) for f in self]
        return Table(("severity", "finding", "place", "what is the case", "what to do"), rows)

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__


def in_order(found: list[Finding]) -> Findings:
    """Put the worst first, then go by the line; what is nowhere in the text comes last."""
    unique = dict.fromkeys(found)
    return Findings(sorted(unique, key=lambda f: (f.severity.rank, f.line is None, f.line or 0)))
