"""moto's door to AWS STS, with what deciding about callers needs and moto leaves out.

moto hands the same constant to everybody who asks for a session or federation token, and forgets the managed policies
and the tags of an assumed role. Whoever is unknown to IAM gets moto's answers.
"""

from __future__ import annotations

from typing import Any, ClassVar

import moto.sts.urls as moto_urls
from moto.core.responses import ActionResult
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.responses import TokenResponse

from ecrlab.access import Policy, PolicyKind
from ecrlab.emulator.authorizing import Keys
from ecrlab.emulator.moto_identities import Desk
from ecrlab.emulator.moto_policies import read, session_policies
from ecrlab.errors import InvalidPolicy

__all__ = ["install", "uninstall"]

_ENDPOINT = "{0}/$"


def install(desk: Desk) -> None:
    """Let STS tell a desk whose key is whose."""
    moto_urls.url_paths[_ENDPOINT] = _class_for(desk).dispatch


def uninstall() -> None:
    """Put moto's own STS back."""
    moto_urls.url_paths[_ENDPOINT] = TokenResponse.dispatch


class StsResponse(TokenResponse):
    """moto's STS, which remembers to whom it gave what."""

    desk: ClassVar[Desk]

    def get_caller_identity(self) -> ActionResult:
        """Name also accounts' roots, federated users, and users behind a session token."""
        key = self.desk.asker_of(self.access_key)
        who = self.desk.identity_of(key)
        if who is not None:
            return ActionResult({"UserId": who.user_id, "Account": who.account_id, "Arn": who.arn})
        if key == self.access_key:
            return super().get_caller_identity()
        user_id, arn, account_id = self.backend.get_caller_identity(key, self.region)
        return ActionResult({"UserId": user_id, "Account": account_id, "Arn": arn})

    def get_session_token(self) -> ActionResult:
        """Make keys that are the user's who asks."""
        return self._with_keys(super().get_session_token(), None)

    def get_federation_token(self) -> ActionResult:
        """Make keys of a federated user: what the user who asks may do, narrowed by the policies handed over."""
        policies = (*self._inline(), *self._managed(self.current_account))
        return self._with_keys(super().get_federation_token(), self._get_param("Name"), policies)

    def assume_role(self) -> ActionResult:
        """Make keys of a session, and keep the managed policies and tags it begins with."""
        self._inline()
        policies = self._managed(_account_of(self._get_param("RoleArn")) or self.current_account)
        answer = super().assume_role()
        session: Any = answer.result
        tags = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or ()}
        self.desk.note_session(session["Credentials"].access_key_id, policies, tags)
        return answer

    def _with_keys(
        self, answer: ActionResult, federated: str | None, policies: tuple[Policy, ...] = ()
    ) -> ActionResult:
        keys = self.desk.lend(self.access_key, self.current_account, self.partition, federated, policies)
        if keys is not None:
            members: Any = answer.result
            members["Credentials"] |= _credentials(keys)
        return answer

    def _inline(self) -> tuple[Policy, ...]:
        text = self._get_param("Policy")
        try:
            return (read(text, PolicyKind.SESSION, "", "the call"),) if text else ()
        except InvalidPolicy as invalid:
            # Code: STS API Reference. Wording: guess
            raise STSClientError(
                "MalformedPolicyDocument", f"The policy is malformed: {invalid.faults[0]}"
            ) from invalid

    def _managed(self, account_id: str) -> tuple[Policy, ...]:
        arns = [each["arn"] for each in self._get_param("PolicyArns") or ()]
        try:
            return session_policies(account_id, self.partition, arns)
        except KeyError as missing:
            # Guess, code and wording
            raise STSValidationError(f"The policy {missing.args[0]} does not exist") from missing


def _class_for(desk: Desk) -> type[StsResponse]:
    return type("InstalledStsResponse", (StsResponse,), {"desk": desk})


def _account_of(role_arn: str) -> str:
    parts = role_arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _credentials(keys: Keys) -> dict[str, str | None]:
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
    }
