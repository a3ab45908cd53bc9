"""``reading_client``: a look at a real account that cannot change anything there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecrlab.cloud.aws import CONFIG, session_of
from ecrlab.cloud.rails import READING
from ecrlab.cloud.translate import aws_call
from ecrlab.errors import LabError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["reading_client"]


def reading_client(profile: str, region: str | None = None) -> ECRClient:
    """Return a client of ECR for a profile; whatever does not only read is refused before it is sent.

    Args:
        profile: Its name in AWS's configuration.
        region: Where; ``None`` leaves it to the profile.

    Raises:
        AwsCallError: There is no such profile, or it has no credentials.
    """
    with aws_call("the credentials", f"profile {profile!r}"):
        session, _ = session_of(profile, region)
        session.events.register("provide-client-params", _only_reading)
        client: ECRClient = session.client("ecr", config=CONFIG)
        return client


def _only_reading(model: Any, **_: Any) -> None:
    """Answer botocore's ``provide-client-params``.

    Raises:
        LabError: The call would change something.
    """
    if not model.name.startswith(READING):
        raise LabError(model.name, "this client only reads", "use a client of a lab, or of your own")
