"""Mode Aws: a real account, named twice, in which the lab touches only what it made."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from ecrlab.access import Principal, PrincipalKind
from ecrlab.cards import Tone
from ecrlab.clock import SystemClock
from ecrlab.cloud.acting import Terms
from ecrlab.cloud.estimate import monthly_usd, storage_price
from ecrlab.cloud.modes import Aws
from ecrlab.cloud.rails import Rails
from ecrlab.cloud.safety import Owner, inventory
from ecrlab.cloud.signing import Signature
from ecrlab.cloud.translate import aws_call
from ecrlab.emulator.authorizing import Keys
from ecrlab.errors import AccountMismatch, AwsCallError, InvalidInput

if TYPE_CHECKING:
    from ecrlab.access import Decision

__all__ = ["CONFIG", "AwsAccount", "session_of"]

DEFAULT_REGION = "us-east-1"

# Where botocore goes on looking when a profile has no credentials: whoever the machine happens to be.
_AMBIENT_PROVIDERS = ("ec2-credentials-file", "boto-config", "container-role", "iam-role")

# Explicit beats ambient: a forgotten AWS_ENDPOINT_URL must not decide who answers.
CONFIG = Config(ignore_configured_endpoint_urls=True, user_agent_extra="ecrlab")  # type: ignore[call-arg]  # stubs lag


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
            self.session, self.signature = session_of(mode.profile, region)
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

    def make(self, kind: str, service: str, region: str, **keys: str | None) -> Any:
        """Make boto3's ``client`` or ``resource``, whichever ``kind`` says."""
        if service == "ecr":
            self.regions.add(region)
        return getattr(self.session, kind)(service, region_name=region, config=CONFIG, **keys)

    def stored_bytes(self) -> int:
        """Ask AWS how much the lab stores, in the regions it was used in, whoever the lab acts as.

        Raises:
            AwsCallError: AWS refused to list it.
        """
        ecr = {region: self.make("client", "ecr", region) for region in sorted(self.regions)}
        with self.signature.own():
            return sum(item.size_bytes for item in inventory(ecr, self.owner))

    def keys_of(self, arn: str, terms: Terms) -> Keys:
        """Assume a role of this account through AWS STS, with the profile's own credentials.

        Raises:
            InvalidInput: It is no role, or a parameter only makes sense in Mode Mock.
            AccountMismatch: It is another account's role.
            AwsCallError: AWS refused.
        """
        principal = Principal.of(arn)
        if principal.role_arn is None:
            raise InvalidInput(
                f"act_as({arn!r})",
                "on a real account a lab can only act as a role",
                "name one: 'arn:aws:iam::…:role/…'",
            )
        if terms.only_emulated:
            raise InvalidInput(
                f"act_as({terms.only_emulated[0]}=…)",
                "on a real account requests come the way they come",
                "leave it out, or use open_lab() in Mode Mock",
            )
        if principal.account_id != self.account_id:
            raise AccountMismatch(
                f"act_as({arn!r})",
                f"the role is account {principal.account_id}'s and the lab works in {self.account_id}",
                "name a role of this account",
            )
        with aws_call("AssumeRole", f"role {principal.role_arn!r}"):
            made = self._unrailed("sts").assume_role(**_assumption(principal, terms))
        keys = made["Credentials"]
        return Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], made["AssumedRoleUser"]["Arn"])

    def _unrailed(self, service: str) -> Any:
        """Make a client that signs with the profile's own keys, without the lab's guard rails."""
        with self.signature.own():
            keys = self.signature.get_frozen_credentials()
        session = boto3.Session(keys.access_key, keys.secret_key, keys.token, profile_name=self.mode.profile)
        return session.client(service, region_name=self.region, config=CONFIG)

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
            ("Price", f"{price.in_words()} in {price.region}, {price.as_of}, {price.trust}"),
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


def session_of(profile: str, region: str | None) -> tuple[boto3.Session, Signature]:
    """Return a session with a profile's own credentials, never with those of whoever the machine happens to be.

    Raises:
        NoCredentialsError: The profile has none.
        ProfileNotFound: There is no such profile.
    """
    core = botocore.session.Session(profile=profile)
    providers = core.get_component("credential_provider")
    for name in _AMBIENT_PROVIDERS:
        providers.remove(name)
    own = providers.load_credentials()
    if own is None:
        raise NoCredentialsError
    signature = Signature(own)
    signature.sign_for(core)
    return boto3.Session(botocore_session=core, profile_name=profile, region_name=region), signature


def _assumption(principal: Principal, terms: Terms) -> dict[str, Any]:
    name = terms.session_name
    if principal.kind is PrincipalKind.ROLE_SESSION:
        name = principal.arn.rpartition("/")[2]
    asked: dict[str, Any] = {"RoleArn": principal.role_arn, "RoleSessionName": name}
    if terms.session_policy_text is not None:
        asked["Policy"] = terms.session_policy_text
    if terms.tags:
        asked["Tags"] = [{"Key": key, "Value": value} for key, value in terms.tags.items()]
    return asked


def _lab_id(arn: str) -> str:
    # From who you are, not from chance: after a restart the lab finds what it left behind.
    return hashlib.sha256(arn.encode()).hexdigest()[:8]
