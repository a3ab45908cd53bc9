"""What a legal policy does that its author may not have meant: values, and how they show themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from ecrlab.cards import Card, ShownAs, Table, Tone

__all__ = ["Code", "Finding", "Findings", "Severity"]


class Severity(Enum):
    """How bad it is: from the repository that anybody can write to, down to what is merely good to know."""

    DANGER = "danger"
    MISTAKE = "mistake"
    CAUTION = "caution"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


class Code(StrEnum):
    """The name of a finding; it stays the same whatever the sentence says."""

    # Open to too many
    PUBLIC_PUSH = "public-push"
    PUBLIC_CHANGE = "public-change"
    PUBLIC_PULL = "public-pull"
    PUBLIC_READ = "public-read"
    EVERY_ACTION = "every-action"
    NOT_ACTION_ALLOW = "not-action-allow"
    LAMBDA_ANY_FUNCTION = "lambda-any-function"
    CONFUSED_DEPUTY = "confused-deputy"
    SERVICE_CHANGES_POLICY = "service-changes-policy"
    OTHERS_CHANGE_POLICY = "others-change-policy"
    UNTRUSTED_ACCOUNT = "untrusted-account"
    ROOT_DELEGATES = "root-delegates"
    IF_EXISTS_GUARD = "if-exists-guard"
    FOR_ALL_VALUES_GUARD = "for-all-values-guard"

    # Without the effect that it seems to have
    LOGIN_SCOPED = "login-scoped"
    NEEDS_ALL_RESOURCES = "needs-all-resources"
    NO_EFFECT_HERE = "no-effect-here"
    UNKNOWN_ACTION = "unknown-action"
    FOREIGN_ACTION = "foreign-action"
    RESOURCE_NEVER_MATCHES = "resource-never-matches"
    RESOURCE_IS_IMPLIED = "resource-is-implied"
    KEY_NEVER_SUPPLIED = "key-never-supplied"
    WILDCARD_IS_LITERAL = "wildcard-is-literal"
    VALUE_NEVER_MATCHES = "value-never-matches"
    PRIVATE_ADDRESS = "private-address"
    VARIABLE_IS_LITERAL = "variable-is-literal"
    HALF_PULL = "half-pull"
    HALF_PUSH = "half-push"
    NO_LOGIN = "no-login"
    REPLICATION_INTO_EXISTING = "replication-into-existing"

    # Refuses more than it seems to
    OWNER_LOCKED_OUT = "owner-locked-out"
    DENY_HITS_SERVICES = "deny-hits-services"
    NOT_PRINCIPAL = "not-principal"
    REGISTRY_EVERY_ACTION = "registry-every-action"
    REGISTRY_ADDRESS_FILTER = "registry-address-filter"
    REGISTRY_DENY_HITS_INSPECTOR = "registry-deny-hits-inspector"

    # Misleads the next reader
    SID_CONTRADICTS = "sid-contradicts"
    DUPLICATE_SID = "duplicate-sid"


@dataclass(frozen=True, slots=True, repr=False)
class Finding(ShownAs):
    """One thing that a reviewer would point at.

    Args:
        code: Its stable name.
        place: Where: ``Statement[0] "AllowAll".Action[1]``.
        statement: The number of the statement, from 0.
        sentence: What is the case and what follows from it.
        way_out: What to write instead.
        severity: How bad it is.
    """

    code: Code
    place: str
    statement: int
    sentence: str
    way_out: str
    severity: Severity

    def _shown(self) -> Card:
        tone = {Severity.DANGER: Tone.BAD, Severity.MISTAKE: Tone.BAD, Severity.CAUTION: Tone.HINT}
        facts = (("place", f"`{self.place}`"), ("severity", self.severity.value))
        body = (self.sentence, f"What to do: {self.way_out}.")
        return Card(self.code.value, facts, body, tone=tone.get(self.severity, Tone.NOTE))


class Findings(tuple[Finding, ...], ShownAs):
    """The findings about one document, the worst first; shows itself as a table."""

    __slots__ = ()

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes, in the same order, each once."""
        return tuple(dict.fromkeys(finding.code for finding in self))

    def worth_fixing(self) -> Findings:
        """Leave the notes out."""
        return Findings(finding for finding in self if finding.severity is not Severity.NOTE)

    def _shown(self) -> Card | Table:
        if not self:
            return Card("Nothing to find fault with", tone=Tone.GOOD)
        rows = [(f.severity.value, f.code.value, f"`{f.place}`", f.sentence, f.way_out) for f in self]
        return Table(("severity", "finding", "place", "what is the case", "what to do"), rows)

    __str__ = ShownAs.__str__
    __repr__ = ShownAs.__repr__
