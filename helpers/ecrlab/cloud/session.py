"""The session of a notebook: opened, used, closed. At most one is open at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, assert_never, overload

import boto3
from botocore.loaders import Loader

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.clock import START, ManualClock, SystemClock
from ecrlab.cloud.acting import Acting, Terms
from ecrlab.cloud.modes import Aws, Mock, Mode, checked_account, checked_region
from ecrlab.cloud.safety import CleanUp, Owner, clean_up
from ecrlab.cloud.settings import Settings
from ecrlab.errors import InvalidInput, NoOpenLab
from ecrlab.naming import RegistryHost

if TYPE_CHECKING:
    from ecrlab.access import Decision
    from ecrlab.cloud.signing import Signature
    from ecrlab.emulator.authorizing import Keys

__all__ = ["Lab", "current_lab", "open_lab"]

DEFAULT_ACCOUNT = "111122223333"
DEFAULT_REGION = "us-east-1"


class Account(Protocol):
    """What a mode provides: an account to work in. ``mock.MockAccount`` and ``aws.AwsAccount`` are the two."""

    account_id: str
    region: str
    session: boto3.Session
    prefix: str
    signature: Signature  # what every client of the session signs with
    regions: set[str]  # where its ECR was used

    @property
    def owner(self) -> Owner | None:
        """Whose tags the lab's repositories carry; ``None`` where everything is the lab's."""
        ...

    @property
    def clock(self) -> ManualClock | SystemClock:
        """The time of this account."""
        ...

    @property
    def tone(self) -> Tone:
        """The mood of the lab's card."""
        ...

    def make(self, kind: str, service: str, region: str, **keys: str | None) -> Any:
        """Make boto3's ``client`` or ``resource``, whichever ``kind`` says; it signs for the session, or with keys."""
        ...

    def keys_of(self, arn: str, terms: Terms) -> Keys:
        """Make keys with which requests are signed as somebody else."""
        ...

    def last_refusal(self) -> Decision | None:
        """Return the last decision that kept a caller out."""
        ...

    def card_facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a lab's card says about this mode, the mode itself first."""
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


@dataclass(slots=True)
class _Open:
    lab: Lab | None = None


_open = _Open()
"""The only global of the kit: the lab that is open."""


def open_lab(
    mode: Mode | None = None,
    *,
    region: str | None = None,
    account_id: str | None = None,
    strict: bool | None = None,
    start: datetime | None = None,
) -> Lab:
    """Open a lab, and close the one that was open before.

    What is left ``None`` comes from ``ECRLAB_MODE``, ``ECRLAB_REGION``, ``ECRLAB_ACCOUNT_ID``, ``ECRLAB_STRICT`` and
    ``ECRLAB_START`` (see ``cloud/settings.py``), and then from the defaults named here.

    Args:
        mode: ``Mock()`` (default), or ``Aws(profile=…, account_id=…)`` for a real account.
        region: AWS region; ``us-east-1``.
        account_id: The account of Mode Mock, twelve digits; ``111122223333``.
        strict: Whether the emulator refuses all that AWS refuses (``True``), or is as lenient as moto.
        start: When the clock of Mode Mock begins, timezone-aware; Monday, 2 November 2026, 09:00 UTC.

    Returns:
        The open lab. It shows itself as a card, and is a context manager.

    Raises:
        InvalidInput: A parameter or a variable cannot be right.
        AccountMismatch: The profile belongs to another account than the one named.
        AwsCallError: AWS refused to say who the profile is.
    """
    said = Settings.read(os.environ)
    chosen = said.mode if mode is None else _checked_mode(mode)
    if region is not None:
        checked_region(region, "open_lab(region=…)")
    if account_id is not None:
        checked_account(account_id, "open_lab(account_id=…)")
    match chosen:
        case Mock():
            opening = _mock_opening(
                account_id or said.account_id or DEFAULT_ACCOUNT,
                _known_region(region or said.region or DEFAULT_REGION),
                strict=_strictness(strict, said),
                clock=ManualClock(_start(start) or said.start or START),
            )
        case Aws():
            _refuse_mock_parameters(chosen, account_id=account_id, strict=strict, start=start)
            wanted = region or chosen.region or said.region
            opening = _aws_opening(chosen, wanted and _known_region(wanted))
        case _:
            assert_never(chosen)
    closed_before = _close_open_lab()
    _open.lab = Lab(chosen, opening(), closed_before=closed_before)
    return _open.lab


def current_lab() -> Lab:
    """Return the lab that is open.

    Raises:
        NoOpenLab: None is.
    """
    if _open.lab is None:
        raise NoOpenLab("lab", "none is open", "open one with `lab = open_lab()`")
    return _open.lab


class Lab(ShownAs):
    """An open session: clients, a clock, and a card that says where you are. Made by ``open_lab``.

    Attributes:
        mode: ``Mock()`` or ``Aws(…)``.
        account_id: Twelve digits.
        region: The region of clients that name no other.
        registry: The address of the account's private registry in that region.
        clock: ``now()``, and in Mode Mock ``advance(days=…, hours=…, minutes=…, seconds=…)``.
    """

    def __init__(self, mode: Mode, account: Account, *, closed_before: Mode | None = None) -> None:
        self.mode = mode
        self.account_id = account.account_id
        self.region = account.region
        self.registry = RegistryHost.of(account.account_id, account.region)
        self.clock = account.clock
        self._account = account
        self._closed_before = closed_before
        self._closed = False
        self._made: dict[tuple[str, str, str], Any] = {}
        self._acting: list[Acting] = []
        account.session.events.register_first("provide-client-params", self._refuse_when_closed)

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return the boto3 client of a service, the same one each time.

        Args:
            service: boto3's name: ``"ecr"``, ``"ecr-public"``, ``"sts"``, …
            region: Another region than the lab's.

        Raises:
            InvalidInput: There is no such service or region.
            NoOpenLab: This lab is closed.
        """
        return self._one("client", service, region)

    def resource(self, service: str, *, region: str | None = None) -> Any:
        """Return the boto3 resource of a service, the same one each time. Amazon ECR has none.

        Args:
            service: One of the few for which boto3 has resources: ``"s3"``, ``"iam"``, …
            region: Another region than the lab's.

        Raises:
            InvalidInput: boto3 has no resource for it, or there is no such region.
            NoOpenLab: This lab is closed.
        """
        return self._one("resource", service, region)

    def repository_name(self, name: str) -> str:
        """Return the name under which a repository of this lab goes by in its account.

        In Mode Mock that is ``name`` itself; in Mode Aws it gets the lab's prefix, so that a notebook runs unchanged
        in both. A name that has the prefix keeps it. Whether ECR likes the name is for ECR to say.

        Raises:
            InvalidInput: ``name`` is no text.
        """
        if not isinstance(name, str):
            raise InvalidInput("lab.repository_name", f"{name!r} is no text", "write it like 'payments/api'")
        return name if name.startswith(self._account.prefix) else self._account.prefix + name

    @overload
    def act_as(
        self,
        principal: str,
        *,
        session_name: str = ...,
        source_ip: str | None = ...,
        vpc_endpoint: str | None = ...,
        vpc: str | None = ...,
        organization: str | None = ...,
        session_policy: str | Mapping[str, Any] | None = ...,
        tags: Mapping[str, str] | None = ...,
    ) -> Acting: ...

    @overload
    def act_as(self, principal: None) -> None: ...

    def act_as(
        self,
        principal: str | None,
        *,
        session_name: str = "learner",
        source_ip: str | None = None,
        vpc_endpoint: str | None = None,
        vpc: str | None = None,
        organization: str | None = None,
        session_policy: str | Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Acting | None:
        """Let the lab's clients, also those made before, sign as somebody about whom the policies decide.

        Without it they sign as the account's administrator, whom nothing refuses. It lasts until ``close()`` of what
        it returns, the end of a ``with`` block, or ``lab.act_as(None)``.

        In Mode Mock the trust policy of a role is not asked. In Mode Aws the role is assumed through AWS STS, with the
        profile's credentials, for an hour; there only roles of the lab's account can be acted as, and what a request
        carries is not for you to choose.

        Args:
            principal: The ARN of a user, of a role, of a role's session, or of an account's root, which is that
                account's administrator. ``None``: nobody else any more.
            session_name: For a role: the last part of the ARN of its session.
            source_ip: The address that requests come from: ``aws:SourceIp``.
            vpc_endpoint: The VPC endpoint that they come through: ``aws:SourceVpce``.
            vpc: The VPC that they come from: ``aws:SourceVpc``.
            organization: The organization of the caller's account: ``aws:PrincipalOrgID``.
            session_policy: A policy that narrows the session, as text or as a dictionary.
            tags: Tags of the caller: ``aws:PrincipalTag/…``.

        Returns:
            The caller, also as a context manager with clients of its own; ``None`` for ``None``.

        Raises:
            InvalidInput: There is no such principal, or a parameter cannot be right, or not in this mode.
            InvalidPolicy: AWS would not accept the session policy.
            AccountMismatch: In Mode Aws, the role is another account's.
            AwsCallError: In Mode Aws, AWS refused to let the role be assumed.
            NoOpenLab: This lab is closed.
        """
        self._refuse_when_closed()
        if principal is None:
            self._act(())
            return None
        terms = Terms(
            session_name=session_name,
            source_ip=source_ip,
            vpc_endpoint=vpc_endpoint,
            vpc=vpc,
            organization=organization,
            session_policy=session_policy,
            tags=tags,
        )
        if not isinstance(principal, str):
            raise InvalidInput(
                "act_as", f"{principal!r} is no text", "write an ARN: 'arn:aws:iam::111122223333:role/ci'"
            )
        keys = self._account.keys_of(principal, terms)
        acting = Acting(keys, terms, partial(self._client_of, keys), self._stop_acting)
        self._act((*self._acting, acting))
        return acting

    @contextmanager
    def administrator(self) -> Iterator[None]:
        """Be the account's administrator within a block, whoever the lab acts as."""
        before = tuple(self._acting)
        self._act(())
        try:
            yield
        finally:
            if not self._closed:
                self._act(before)

    def why(self) -> Decision | Card:
        """Explain the last request that the policies refused: who decided, what is missing, what would help.

        Raises:
            NoOpenLab: This lab is closed.
        """
        self._refuse_when_closed()
        if isinstance(self.mode, Aws):
            body = ["AWS does not say which policy decided. Build the case again in Mode Mock: `lab = open_lab()`."]
            return Card("A refusal by a real account cannot be explained here", body=body, tone=Tone.AWS)
        refusal = self._account.last_refusal()
        if refusal is not None:
            return refusal
        body = ["Policies decide about callers that you act as: `with lab.act_as(role_arn): …`."]
        return Card("Nothing was refused by a policy yet", body=body, tone=Tone.WAITING)

    def clean_up(self, *, dry_run: bool = True) -> CleanUp:
        """List what this lab has made in its account, or delete it.

        In Mode Aws a repository is the lab's if it has both the lab's prefix and its tag; nothing else is touched.
        In Mode Mock everything is. The regions are the lab's own and those it made clients for.

        Args:
            dry_run: ``True`` only lists; ``False`` deletes, and looks again to be sure.

        Returns:
            A table.

        Raises:
            AwsCallError: AWS refused to list or to delete.
            NoOpenLab: This lab is closed.
        """
        self._refuse_when_closed()
        ecr = {region: self.client("ecr", region=region) for region in sorted(self._account.regions)}
        with self.administrator():
            return clean_up(ecr, self._account.owner, dry_run=dry_run)

    def card(self) -> Card:
        """Return where this lab is, what time it has, and what it costs."""
        if self._closed:
            return Card("This lab is closed", body=["Open a new one with `open_lab()`."], tone=Tone.WAITING)
        mode, *others = self._account.card_facts()
        where = (("Account", self.account_id), ("Region", self.region), ("Registry", str(self.registry)))
        acting = (("Acting as", self._acting[-1].arn),) if self._acting else ()
        note = [_CLOSED_BEFORE[type(self._closed_before)]] if self._closed_before else []
        return Card("Your lab is open", facts=[mode, *where, *acting, *others], body=note, tone=self._account.tone)

    def close(self) -> None:
        """Close the lab and restore what it changed in this process. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        self._made.clear()
        if _open.lab is self:
            _open.lab = None
        self._account.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _act(self, callers: Sequence[Acting]) -> None:
        self._acting = list(callers)
        self._account.signature.hand_to(callers[-1]._keys if callers else None)

    def _stop_acting(self, acting: Acting) -> None:
        if not self._closed and acting in self._acting:
            self._act([each for each in self._acting if each is not acting])

    def _one(self, kind: str, service: str, region: str | None) -> Any:
        self._refuse_when_closed()
        key = (kind, service, self._region(kind, region))
        if key not in self._made:
            _check_service(self._account.session, kind, service)
            self._made[key] = self._account.make(*key)
        return self._made[key]

    def _client_of(self, keys: Keys, service: str, region: str | None) -> Any:
        self._refuse_when_closed()
        _check_service(self._account.session, "client", service)
        return self._account.make(
            "client",
            service,
            self._region("client", region),
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )

    def _region(self, kind: str, region: str | None) -> str:
        return self.region if region is None else _known_region(checked_region(region, f"lab.{kind}(region=…)"))

    def _refuse_when_closed(self, **_: Any) -> None:
        # Also a handler of botocore's: it runs before every call of every client that this lab has made.
        if self._closed:
            raise NoOpenLab("this lab", "it is closed", "open a new one with `lab = open_lab()`")

    def _shown(self) -> Card:
        """Return the card."""
        return self.card()


def _close_open_lab() -> Mode | None:
    lab = _open.lab
    if lab is None:
        return None
    lab.close()
    return lab.mode


_CLOSED_BEFORE: dict[type[Mock] | type[Aws], str] = {
    Mock: "The lab that was open before is closed; what it held is gone.",
    Aws: "The lab that was open before is closed; what it made stays in its account until it is cleaned up.",
}


def _mock_opening(account_id: str, region: str, *, strict: bool, clock: ManualClock) -> Callable[[], Account]:
    from ecrlab.cloud.mock import MockAccount  # moto comes with it, which a real account does without

    return lambda: MockAccount(account_id, region, strict=strict, clock=clock)


def _aws_opening(mode: Aws, region: str | None) -> Callable[[], Account]:
    from ecrlab.cloud.aws import AwsAccount

    return lambda: AwsAccount(mode, region)


def _checked_mode(mode: Mode) -> Mode:
    if not isinstance(mode, Mock | Aws):
        raise InvalidInput("open_lab(mode)", f"{mode!r} is no mode", "pass Mock(), or Aws(profile='…', account_id='…')")
    return mode


def _known_region(region: str) -> str:
    known = _regions()
    if region not in known:
        near = get_close_matches(region, known, n=1)
        raise InvalidInput(
            f"region {region!r}",
            "botocore knows no such region",
            f"did you mean {near[0]!r}?" if near else f"take one of {', '.join(known[:3])}, …",
        )
    return region


@cache
def _regions() -> tuple[str, ...]:
    # Straight from botocore's data: a session would read the learner's AWS files, and stumble over what is wrong there.
    partitions = Loader().load_data("partitions")["partitions"]
    return tuple(region for each in partitions for region in each["regions"] if not region.endswith("-global"))


def _check_service(session: boto3.Session, kind: str, service: str) -> None:
    place = f"lab.{kind}({service!r})"
    services = session.get_available_services()
    if service not in services:
        near = _nearest(str(service).lower(), services)
        hint = f"did you mean {near!r}?" if near else "lab.client('ecr') is the one that this course is about"
        raise InvalidInput(place, "boto3 knows no such service", hint)
    if kind == "resource" and service not in session.get_available_resources():
        raise InvalidInput(place, "boto3 has no resource for this service", f"use lab.client({service!r})")


def _nearest(wanted: str, services: Sequence[str]) -> str | None:
    # Many names of AWS are one letter apart ("ecr", "ecs", "emr"), so swapped letters are looked for first.
    swapped = [name for name in services if sorted(name) == sorted(wanted)]
    return next(iter([*swapped, *get_close_matches(wanted, services, n=1)]), None)


def _strictness(strict: bool | None, said: Settings) -> bool:
    if strict is None:
        return True if said.strict is None else said.strict
    if not isinstance(strict, bool):
        raise InvalidInput("open_lab(strict=…)", f"{strict!r} is neither True nor False", "write one of them")
    return strict


def _start(start: datetime | None) -> datetime | None:
    if start is None:
        return None
    if not isinstance(start, datetime):
        raise InvalidInput("open_lab(start=…)", f"{start!r} is no datetime", "write datetime(2026, 11, 2, tzinfo=UTC)")
    if start.tzinfo is None:
        raise InvalidInput("open_lab(start=…)", f"{start.isoformat()} has no timezone", "add tzinfo=UTC")
    return start


def _refuse_mock_parameters(mode: Aws, **parameters: object) -> None:
    if parameters["account_id"] == mode.account_id:
        del parameters["account_id"]
    given = [name for name, value in parameters.items() if value is not None]
    if given:
        raise InvalidInput(
            f"open_lab({given[0]}=…)",
            f"a real account has its own {_OF_A_REAL_ACCOUNT[given[0]]}",
            "leave it out with Aws(…), or use Mock()",
        )


_OF_A_REAL_ACCOUNT = {"account_id": "id, named in Aws(…)", "strict": "rules", "start": "time"}
