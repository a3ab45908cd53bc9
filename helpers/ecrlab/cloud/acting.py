"""Acting as somebody else: a lab's clients sign as a user, a role or another account until it is over."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ecrlab.access import Policy, PolicyKind, parse
from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.errors import Fault, InvalidInput, InvalidPolicy

if TYPE_CHECKING:
    from ecrlab.emulator.authorizing import Keys

__all__ = ["Acting", "Terms"]

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)  # AWS STS API Reference, AssumeRole
_IDS = {"vpc_endpoint": "vpce-0a1b2c3d4e5f60718", "vpc": "vpc-0a1b2c3d4e5f60718", "organization": "o-exampleorg1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms somebody acts: the parameters of ``lab.act_as``, where they are explained, once they are checked.

    Raises:
        InvalidInput: One of them cannot be right.
        InvalidPolicy: AWS would not accept the session policy.
    """

    session_name: str = "learner"
    source_ip: str | None = None
    vpc_endpoint: str | None = None
    vpc: str | None = None
    organization: str | None = None
    session_policy: str | Mapping[str, Any] | None = None
    tags: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.session_name, str) or not _SESSION_NAME.fullmatch(self.session_name):
            raise _wrong(
                "session_name", self.session_name, "a session's name", "take 2 to 64 letters, digits or _+=,.@-"
            )
        if self.source_ip is not None and not _is_address(self.source_ip):
            raise _wrong("source_ip", self.source_ip, "an IP address", "write one address, e.g. '203.0.113.7'")
        for name, example in _IDS.items():
            value, prefix = getattr(self, name), example.partition("-")[0]
            if value is not None and not (isinstance(value, str) and value.startswith(f"{prefix}-")):
                raise _wrong(name, value, f"an id that begins with {prefix}-", f"write it like {example!r}")
        tags = self.tags or {}
        if not isinstance(tags, Mapping) or not all(isinstance(text, str) for tag in tags.items() for text in tag):
            raise _wrong("tags", self.tags, "a dictionary of texts", "write {'team': 'payments'}")
        self.session_policies()

    def session_policies(self) -> tuple[Policy, ...]:
        """Read the session policy, if there is one."""
        if self.session_policy is None:
            return ()
        try:
            return (parse(self.session_policy, PolicyKind.SESSION, name="act_as"),)
        except InvalidPolicy as invalid:
            faults = [
                Fault(f"act_as(session_policy=…): {fault.place}", fault.fact, fault.way_out) for fault in invalid.faults
            ]
            raise InvalidPolicy.of(faults) from invalid

    @property
    def session_policy_text(self) -> str | None:
        """The session policy as STS takes it."""
        policy = self.session_policy
        return policy if policy is None or isinstance(policy, str) else json.dumps(policy)

    @property
    def context(self) -> dict[str, str]:
        """The condition keys that every request carries."""
        given = {"aws:SourceIp": self.source_ip, "aws:SourceVpce": self.vpc_endpoint, "aws:SourceVpc": self.vpc}
        return {key: value for key, value in given.items() if value is not None}

    @property
    def only_emulated(self) -> tuple[str, ...]:
        """The parameters that are given and that no real account lets anybody choose."""
        names = ("source_ip", "vpc_endpoint", "vpc", "organization")
        return tuple(name for name in names if getattr(self, name) is not None)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Say what is special, for a card."""
        given = [("Address", self.source_ip), ("VPC endpoint", self.vpc_endpoint), ("VPC", self.vpc)]
        given += [("Organization", self.organization), ("Session policy", self.session_policy_text)]
        given += [("Tags", ", ".join(f"{key}={value}" for key, value in (self.tags or {}).items()) or None)]
        return ((label, value) for label, value in given if value is not None)


class Acting(ShownAs):
    """Somebody as whom a lab acts. Made by ``lab.act_as``; over with ``close()``, or at the end of a ``with`` block.

    Attributes:
        arn: The caller as AWS names it: for a role the ARN of its session.
    """

    def __init__(
        self, keys: Keys, terms: Terms, make: Callable[[str, str | None], Any], on_close: Callable[[Acting], None]
    ) -> None:
        self.arn = keys.arn
        self._keys = keys
        self._terms = terms
        self._make = make
        self._on_close = on_close
        self._made: dict[tuple[str, str | None], Any] = {}

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return a client that signs as this caller for good, whoever the lab acts as later; the same one each time.

        Args:
            service: boto3's name: ``"ecr"``, ``"iam"``, ``"sts"``, …
            region: Another region than the lab's.

        Raises:
            InvalidInput: There is no such service or region.
            NoOpenLab: The lab is closed.
        """
        key = (service, region)
        if key not in self._made:
            self._made[key] = self._make(service, region)
        return self._made[key]

    def close(self) -> None:
        """Be again who the lab was before. Closing twice is fine."""
        self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _shown(self) -> Card:
        """Return who acts, and how it ends."""
        return Card(
            "The lab acts as somebody else",
            facts=[("Caller", self.arn), *self._terms.facts()],
            body=["Its clients sign as this caller until `lab.act_as(None)`, or until the end of the `with` block."],
            tone=Tone.WAITING,
        )


def _is_address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def _wrong(parameter: str, value: object, what: str, way_out: str) -> InvalidInput:
    return InvalidInput(f"act_as({parameter}=…)", f"{value!r} is not {what}", way_out)
