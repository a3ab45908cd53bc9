"""Mode Mock: moto with our Amazon ECR in it, behind a guard, inside this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.credentials import Credentials
from moto import mock_aws

from ecrlab import emulator
from ecrlab.cards import Tone
from ecrlab.clock import ManualClock
from ecrlab.cloud.acting import Terms
from ecrlab.cloud.credentials import FAKE_ACCESS_KEY_ID, FAKE_KEYS, FAKE_SECRET_ACCESS_KEY, fenced
from ecrlab.cloud.guard import guarded
from ecrlab.cloud.signing import Signature
from ecrlab.emulator.authorizing import Keys
from ecrlab.emulator.moto_adapter import desk
from ecrlab.emulator.moto_identities import Circumstances
from ecrlab.emulator.moto_policies import stock
from ecrlab.naming import partition_of

if TYPE_CHECKING:
    from ecrlab.access import Decision
    from ecrlab.cloud.safety import Owner

__all__ = ["MockAccount"]

LEARNER = "learner"
"""The IAM user to whom the fake credentials belong; AWS STS answers with it."""


class MockAccount:
    """An account that exists only while it is open, and in which everything belongs to the lab.

    Args:
        account_id: Twelve digits.
        region: The region of the lab.
        strict: Whether the emulator refuses all that AWS refuses.
        clock: The only time there is.
    """

    owner: Owner | None = None
    prefix = ""
    tone = Tone.GOOD

    def __init__(self, account_id: str, region: str, *, strict: bool, clock: ManualClock) -> None:
        self.account_id = account_id
        self.region = region
        self.strict = strict
        self.clock = clock
        self.regions = {region}
        with ExitStack() as opening:
            opening.enter_context(fenced(os.environ, region))
            emulator.install(strict=strict, clock=clock)
            opening.callback(emulator.uninstall)
            opening.enter_context(mock_aws())
            opening.enter_context(_looking_changes_nothing())
            os.environ.update(FAKE_KEYS)  # moto has put its own there, and will put back what it found: these
            opening.enter_context(_account_is(account_id, region, clock))
            opening.enter_context(guarded())
            core = botocore.session.Session()
            self.signature = Signature(Credentials(FAKE_ACCESS_KEY_ID, FAKE_SECRET_ACCESS_KEY))
            self.signature.sign_for(core)
            self.session = boto3.Session(botocore_session=core, region_name=region)
            self._desk = desk()
            self._desk.let_through(FAKE_ACCESS_KEY_ID, f"arn:{partition_of(region)}:iam::{account_id}:user/{LEARNER}")
            self._open = opening.pop_all()

    def make(self, kind: str, service: str, region: str, **keys: str | None) -> Any:
        """Make boto3's ``client`` or ``resource``, whichever ``kind`` says."""
        if service == "ecr":
            self.regions.add(region)
        return getattr(self.session, kind)(service, region_name=region, **keys)

    def keys_of(self, arn: str, terms: Terms) -> Keys:
        """Make keys with which requests are signed as a user, a role or an account's root."""
        circumstances = Circumstances(terms.context, terms.organization, terms.session_policies(), terms.tags or {})
        return self._desk.keys_for(arn, self.region, terms.session_name, circumstances)

    def last_refusal(self) -> Decision | None:
        """Return the last decision that kept a caller out."""
        return self._desk.last_refusal

    def card_facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a lab's card says about this mode."""
        return (
            ("Mode", "Mock: an emulator of Amazon ECR inside this kernel"),
            ("Clock", f"{self.clock.now():%Y-%m-%d %H:%M:%S} UTC; it moves when you call lab.clock.advance()"),
            (
                "Strictness",
                "refuses what AWS is known to refuse" if self.strict else "compatible with moto, more lenient than AWS",
            ),
            ("Cost", "nothing: no connection leaves this machine"),
        )

    def close(self) -> None:
        """Give everything back: the network, the environment, boto3 and moto as they were."""
        self._open.close()


@contextmanager
def _looking_changes_nothing() -> Iterator[None]:
    """Let a task of ECS stay as it is; moto moves it on towards STOPPED each time that somebody describes it."""
    from moto.moto_api import state_manager

    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 1_000_000_000})
    try:
        yield
    finally:
        state_manager.unset_transition("ecs::task")


@contextmanager
def _account_is(account_id: str, region: str, clock: ManualClock) -> Iterator[None]:
    """Make ``account_id`` the account in which moto finds every caller whom it does not know.

    ``MOTO_ACCOUNT_ID`` would do it for everybody, and so keep a role of another account from being that account's.
    """
    from moto.iam import models

    here = vars(models)
    default, here["DEFAULT_ACCOUNT_ID"] = here["DEFAULT_ACCOUNT_ID"], account_id
    iam = models.iam_backends[account_id][partition_of(region)]
    stock(iam)
    user = iam.create_user(region, LEARNER)
    user.id, user.create_date = "AIDAECRLABEXAMPLE000", clock.now()
    key = models.AccessKey(LEARNER, prefix="AKIA", account_id=account_id)  # type: ignore[abstract]
    key.access_key_id, key.create_date = FAKE_ACCESS_KEY_ID, clock.now()
    user.access_keys.append(key)
    iam.access_keys[FAKE_ACCESS_KEY_ID] = key
    try:
        yield
    finally:
        here["DEFAULT_ACCOUNT_ID"] = default
