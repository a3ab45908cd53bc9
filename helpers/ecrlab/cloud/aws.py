"""Mode Aws: a real account, named twice, in which the lab touches only what it made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from ecrlab.cards import Tone
from ecrlab.clock import SystemClock
from ecrlab.cloud.estimate import monthly_usd, storage_price
from ecrlab.cloud.modes import Aws
from ecrlab.cloud.rails import Rails
from ecrlab.cloud.safety import Owner, inventory
from ecrlab.cloud.translate import aws_call
from ecrlab.errors import AccountMismatch, AwsCallError, InvalidInput

if TYPE_CHECKING:
    from ecrlab.access import Decision
    from ecrlab.emulator.moto_identities import Keys

__all__ = ["AwsAccount"]

DEFAULT_REGION = "us-east-1"

# Where botocore goes on looking when a profile has no credentials: whoever the machine happens to be.
_AMBIENT_PROVIDERS = ("ec2-credentials-file", "boto-config", "container-role", "iam-role")

# Explicit beats ambient: a forgotten AWS_ENDPOINT_URL must not decide who answers.
_CONFIG = Config(ignore_configured_endpoint_urls=True, user_agent_extra="ecrlab")  # type: ignore[call-arg]  # stubs lag


class AwsAccount:
    """The account of a profile, once AWS has confirmed that it is the one that was named.

    Args:
        mode: Profile, account id and limit.
        region: Where to work; ``None`` leaves it to the profile, then to ``us-east-1``.

    Raises:
        AwsCallError: There is no such profile, or AWS refused to say who it is.
        AccountMismatch: The profile belongs to another account.
    """

    tone = Tone.AWS

    def __init__(self, mode: Aws, region: str | None) -> None:
        self.mode = mode
        self.clock = SystemClock()
        with aws_call("GetCallerIdentity", f"profile {mode.profile!r}"):
            self.session = _session_of(mode.profile, region)
            self.region = self.session.region_name or DEFAULT_REGION
            self.regions = {self.region}
            identity = self.make("client", "sts", self.region).get_caller_identity()
        self.account_id = identity["Account"]
        if self.account_id != mode.account_id:
            raise AccountMismatch(
                f"profile {mode.profile!r}",
                f"it belongs to account {self.account_id} and {mode.account_id} was named",
                "name the account that you mean, or the profile that belongs to it",
            )
        self.owner = Owner(_lab_id(identity["Arn"]))
        self.prefix = self.owner.prefix
        rails = Rails(self.owner, mode.spend_limit_usd, self.stored_bytes)
        self.session.events.register("provide-client-params", rails.check)

    def make(self, kind: str, service: str, region: str) -> Any:
        """Make boto3's ``client`` or ``resource``, whichever ``kind`` says."""
        if service == "ecr":
            self.regions.add(region)
        return getattr(self.session, kind)(service, region_name=region, config=_CONFIG)

    def stored_bytes(self) -> int:
        """Ask AWS how much the lab stores, in the regions it was used in.

        Raises:
            AwsCallError: AWS refused to list it.
        """
        ecr = {region: self.make("client", "ecr", region) for region in sorted(self.regions)}
        return sum(item.size_bytes for item in inventory(ecr, self.owner))

    def keys_of(self, arn: str, session_name: str, way: Mapping[str, Any]) -> Keys:
        """Refuse: a real account is asked with real credentials.

        Raises:
            InvalidInput: Always.
        """
        raise InvalidInput(
            f"act_as({arn!r})",
            "this lab runs on a real account, whose policies already decide",
            "assume the role with lab.client('sts').assume_role, or use open_lab() in Mode Mock",
        )

    def sign_as(self, keys: Keys | None) -> None:
        """Do nothing: a real account signs with its profile's credentials, always."""

    def last_refusal(self) -> Decision | None:
        """Return ``None``: AWS does not give its reasons away."""
        return None

    def card_facts(self) -> tuple[tuple[str, str], ...]:
        """Return what a lab's card says about this mode, the mode itself first. Asks AWS what the lab stores."""
        price = storage_price()
        return (
            ("Mode", f"Aws: a real account, through profile {self.mode.profile}"),
            ("Prefix", f"{self.prefix} begins the name of every repository: use lab.repository_name()"),
            ("Clock", "real time"),
            ("Cost", f"{self._estimate()}; limit {self.mode.spend_limit_usd} USD a month"),
            ("Price", f"{price.usd} USD per {price.per} in {price.region}, {price.as_of}, {price.kind}"),
            ("Clean-up", "lab.clean_up() lists what the lab made; lab.clean_up(dry_run=False) deletes it"),
        )

    def _estimate(self) -> str:
        try:
            stored = self.stored_bytes()
        except AwsCallError as exc:
            return f"not known, since {exc.operation} was refused ({exc.code})"
        return f"at most {monthly_usd(stored)} USD a month for the {stored:,} bytes that the lab stores"

    def close(self) -> None:
        """Nothing was changed in this process; what the lab made in the account stays until it is cleaned up."""


def _session_of(profile: str, region: str | None) -> boto3.Session:
    core = botocore.session.Session(profile=profile)
    providers = core.get_component("credential_provider")
    for name in _AMBIENT_PROVIDERS:
        providers.remove(name)
    return boto3.Session(botocore_session=core, profile_name=profile, region_name=region)


def _lab_id(arn: str) -> str:
    # From who you are, not from chance: after a restart the lab finds what it left behind.
    return hashlib.sha256(arn.encode()).hexdigest()[:8]
