"""Functions of AWS Lambda from an image: the service pulls, and whoever creates the function has to be allowed as well.

Source: AWS Lambda Developer Guide, "Create a Lambda function using a container image".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrlab.access import Policies, PolicyKind, Principal, parse
from ecrlab.cards import Card, Table, Tone
from ecrlab.deploy.reading import ask, attempt
from ecrlab.deploy.repositories import repository_of
from ecrlab.deploy.roles import role_of
from ecrlab.errors import InvalidInput
from ecrlab.naming import Digest, ImageReference, partition_of
from ecrlab.oci import Platform
from ecrlab.oci.shown import Shown
from ecrlab.workloads import Creator, Puller, PullOutcome, PullResult, resolve

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["Function", "function", "preview_function"]

_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_SID = "LambdaECRImageRetrievalPolicy"


@dataclass(frozen=True, slots=True, repr=False)
class Function(Shown):
    """A function, or why there is none.

    Args:
        name: Of the function.
        arn: Its ARN; empty if it was not created.
        result: How the pull of its image ended.
    """

    name: str
    arn: str
    result: PullResult

    @property
    def works(self) -> bool:
        """Whether it was created and can be invoked."""
        return self.result.started

    @property
    def digest(self) -> Digest | None:
        """What it runs until its code is updated: Lambda keeps the digest, wherever the tag points later."""
        return self.result.digest

    def card(self) -> Card:
        """Return whether there is a function, and why."""
        result = self.result
        facts = [("function", self.name), ("image", f"`{result.reference}`")]
        if result.pulled and result.digest:
            facts.append(("digest that it keeps", f"`{result.digest}`"))
        if self.works:
            return Card("The function is there", tuple(facts), [result.reason], tone=Tone.GOOD)
        when = "An invocation ends with" if result.outcome is PullOutcome.CRASHED else "Lambda answers"
        title = "The function is there, and cannot run" if result.pulled else "The function was not created"
        body = [f"{when}: {result.message}", result.reason, f"Way out: {result.way_out}."]
        return Card(title, tuple(facts), body, tone=Tone.BAD)

    def table(self) -> Table:
        """Return the steps of the pull."""
        return self.result.table()

    def __repr__(self) -> str:
        return f"<Function {self.name} {self.result.outcome.name}>"


def preview_function(
    lab: Lab, name: str, image: str, *, architecture: str = "x86_64", creator: str | None = None
) -> Function:
    """Say what would become of a function, without creating it. Only calls that read; see :func:`function`."""
    reference, arn = ImageReference.as_pulled(image), _arn(lab, name)
    puller = Puller.aws_lambda(_creator(lab, creator), lab.region, platform=_platform(architecture), function_arn=arn)
    return Function(name, "", resolve(reference, puller, None, repository_of(lab, reference)))


def function(
    lab: Lab, name: str, image: str, *, role: str, architecture: str = "x86_64", creator: str | None = None
) -> Function:
    """Create a function from an image, and say what became of it.

    Args:
        lab: The open lab.
        name: Of the function.
        image: In the same region, one image, no index.
        role: ARN of the role that its program gets; it pulls nothing.
        architecture: ``x86_64`` or ``arm64``.
        creator: ARN of the role that creates it, whose permissions count; by default the lab's administrator.

    Raises:
        InvalidInput: The architecture or the creator cannot be right.
        AwsCallError: AWS refused a call that it should not have.
    """
    tried = preview_function(lab, name, image, architecture=architecture, creator=creator)
    if not tried.result.pulled:
        return tried
    with lab.administrator():
        _let_lambda_in(lab, tried.result)
        asked: dict[str, Any] = {"FunctionName": name, "PackageType": "Image", "Role": role}
        asked |= {"Code": {"ImageUri": image}, "Architectures": [architecture]}
        made = ask(lab.client("lambda"), "CreateFunction", f"function {name!r}", **asked)
    return Function(name, str(made["FunctionArn"]), tried.result)


def _let_lambda_in(lab: Lab, result: PullResult) -> None:
    """Do what Lambda does if the creator may set the repository's policy: add a statement for itself."""
    needed = next((step for step in result.steps if step.decision and not step.decision.allowed), None)
    host = result.reference.host
    if needed is None or host is None:
        return
    ecr, name = lab.client("ecr", region=host.region), str(result.reference.repository)
    absent = {"RepositoryPolicyNotFoundException"}
    found = attempt(ecr, "GetRepositoryPolicy", f"repository {name!r}", absent=absent, repositoryName=name)
    document = json.loads(found["policyText"]) if found else {"Version": "2012-10-17", "Statement": []}
    # Guess: AWS adds SetRepositoryPolicy, DeleteRepositoryPolicy and GetRepositoryPolicy to these two.
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    added = {"Sid": _SID, "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": actions}
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    text = json.dumps({**document, "Statement": [*statements, added]})
    ask(ecr, "SetRepositoryPolicy", f"repository {name!r}", repositoryName=name, policyText=text)


def _arn(lab: Lab, name: str) -> str:
    return f"arn:{partition_of(lab.region)}:lambda:{lab.region}:{lab.account_id}:function:{name}"


def _platform(architecture: str) -> Platform:
    if architecture not in _ARCHITECTURES:
        raise InvalidInput(f"architecture {architecture!r}", "Lambda has none like it", "write 'x86_64' or 'arm64'")
    return Platform("linux", _ARCHITECTURES[architecture])


def _creator(lab: Lab, arn: str | None) -> Creator:
    if arn is not None:
        return Creator(*role_of(lab, arn))
    everything = parse(_EVERYTHING, PolicyKind.IDENTITY, name="AdministratorAccess")
    user = f"arn:{partition_of(lab.region)}:iam::{lab.account_id}:user/administrator"
    return Creator(Principal.of(user), Policies(identity=(everything,)))
