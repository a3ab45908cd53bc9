"""The steps of a pull: each asks one question of one case, and says how it went in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecrlab.access import Decision, Outcome, Policies, PolicyKind, Principal, Request, decide, parse
from ecrlab.access.actions import LOGIN, PULL
from ecrlab.naming import partition_of
from ecrlab.workloads.messages import Obstacle
from ecrlab.workloads.network import Route, Service, Way
from ecrlab.workloads.pull_case import Case
from ecrlab.workloads.stored import ImageState, StoredImage

__all__ = ["PullStep", "steps_of"]

LAMBDA_LIMIT = 10 * 1024**3
"""Bytes of an image for AWS Lambda, uncompressed (AWS Lambda Developer Guide, quotas). Guess: 10 GB means GiB here."""

_ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
_BUCKET_LETS_IN = parse({"Version": "2012-10-17", "Statement": [_ALLOW_ALL]}, PolicyKind.REPOSITORY, name="ECR's own")
_ECR = Principal.of("ecr.amazonaws.com")
_BECOMES_LAMBDAS = ("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy")


@dataclass(frozen=True, slots=True)
class PullStep:
    """One step.

    Args:
        title: What is done: ``read the manifest``.
        words: How it went, as a sentence.
        obstacle: What it failed at; ``None`` if it went well.
        way_out: What to change.
        route: The way that was taken, if the step is about one.
        decision: The decision that it hung on, if it is about a permission.
        may_fail_at: The obstacles that this step could meet.
    """

    title: str
    words: str
    obstacle: Obstacle | None = None
    way_out: str = ""
    route: Route | None = None
    decision: Decision | None = None
    may_fail_at: tuple[Obstacle, ...] = ()

    @property
    def sign(self) -> str:
        """``✓`` or ``✗``."""
        return "✓" if self.obstacle is None else "✗"


def steps_of(case: Case) -> tuple[PullStep, ...]:
    """Go step by step until one fails."""
    done: list[PullStep] = []
    for step in _steps(case):
        done.append(step)
        if step.obstacle is not None:
            break
    return tuple(done)


def _steps(case: Case) -> Iterator[PullStep]:
    if not case.is_in_ecr:
        yield _elsewhere(case)
        return
    if case.puller.is_lambda:
        yield _same_region(case)
        yield from _permissions_for_lambda(case)
        yield _image(case)
        yield _single_image(case)
    else:
        if case.puller.asks_the_api_itself:
            yield _way(case, Service.API, Obstacle.NO_WAY_TO_API)
        yield _login(case)
        yield _way(case, Service.REGISTRY, Obstacle.NO_WAY_TO_REGISTRY)
        yield _may(case, "read the manifest", PULL[0], Obstacle.MANIFEST_DENIED)
        yield _image(case)
        yield _platform(case)
        yield _may(case, "ask for the layers", PULL[1], Obstacle.LAYERS_DENIED)
        yield _way(case, Service.LAYERS, Obstacle.NO_WAY_TO_LAYERS)
        yield from _through_the_bucket_endpoint(case)
        yield _layers(case)
    yield _start(case)


# --- ways -------------------------------------------------------------------------------------------------------------

_REACHED = {Service.API: "reach the API", Service.REGISTRY: "reach the registry", Service.LAYERS: "reach the layers"}


def _way(case: Case, service: Service, obstacle: Obstacle) -> PullStep:
    route = case.route(service)
    title = _REACHED[service]
    if route.is_open:
        host = service.host(case.account_id, case.region)
        return PullStep(title, f"`{host}` answers {route.words}.", route=route, may_fail_at=(obstacle,))
    return PullStep(title, route.fault, obstacle, route.way_out, route, may_fail_at=(obstacle,))


def _elsewhere(case: Case) -> PullStep:
    """Another registry is reached over the internet or not at all; more is not known about it."""
    title, obstacle, registry = "reach the registry", Obstacle.NO_WAY_TO_REGISTRY, case.reference.registry
    if case.network is None:
        words = f"{registry} is no private registry of Amazon ECR, and Lambda takes images from nowhere else."
        at = (Obstacle.NOT_IN_ECR,)
        return PullStep(title, words, Obstacle.NOT_IN_ECR, "copy the image to a repository of yours", may_fail_at=at)
    internet = case.network.internet
    if internet.is_open:
        words = f"{registry} is no private registry of Amazon ECR: what it holds is not known here."
        return PullStep(title, words)
    return PullStep(
        title,
        f"{registry} is reached over the internet only, and there is {internet.value}.",
        obstacle,
        "copy the image to Amazon ECR or use a pull-through cache rule; or add a NAT gateway",
        Route(Service.REGISTRY, Way.NONE, "nowhere", fault="no way"),
        may_fail_at=(obstacle,),
    )


# --- permissions ------------------------------------------------------------------------------------------------------


def _login(case: Case) -> PullStep:
    return _permission("log in", case.decide(LOGIN[0], Service.API), Obstacle.LOGIN_DENIED)


def _may(case: Case, title: str, action: str, obstacle: Obstacle) -> PullStep:
    return _permission(title, case.decide(action, Service.REGISTRY), obstacle)


def _permission(title: str, decision: Decision, obstacle: Obstacle) -> PullStep:
    at = (obstacle,)
    if decision.allowed:
        return PullStep(title, decision.summary, decision=decision, may_fail_at=at)
    way_out = decision.hints[0].rstrip(".") if decision.hints else f"allow {decision.request.action}"
    return PullStep(title, decision.summary, obstacle, way_out, decision=decision, may_fail_at=at)


def _permissions_for_lambda(case: Case) -> Iterator[PullStep]:
    """Ask the creator's permissions where the image is another account's, then those of the service.

    Source: AWS Lambda Developer Guide, "Create a Lambda function using a container image", Amazon ECR permissions.
    """
    creator = case.puller.creator
    if creator is not None and creator.principal.account_id != case.account_id:
        for action in PULL:
            decision = case.decide(action, Service.REGISTRY, principal=creator.principal)
            yield _permission(f"let the creator call {action}", decision, Obstacle.MANIFEST_DENIED)
    denied = next((each for each in _asked_by_lambda(case) if not each.allowed), None)
    title = "let the service in"
    if denied is None:
        yield _permission(title, case.decide(PULL[0], Service.REGISTRY), Obstacle.MANIFEST_DENIED)
    elif _adds_it_itself(case, denied):
        words = "Lambda adds the permission to the repository's policy itself, since the creator may set that policy."
        yield PullStep(title, words, decision=denied, may_fail_at=(Obstacle.MANIFEST_DENIED,))
    else:
        yield _permission(title, denied, Obstacle.MANIFEST_DENIED)


def _asked_by_lambda(case: Case) -> Iterator[Decision]:
    return (case.decide(action, Service.REGISTRY) for action in PULL)


def _adds_it_itself(case: Case, denied: Decision) -> bool:
    """Tell whether Lambda mends the repository's policy: only in the creator's account, and never against a Deny."""
    creator = case.puller.creator
    if (
        creator is None
        or creator.principal.account_id != case.account_id
        or denied.outcome is Outcome.EXPLICITLY_DENIED
    ):
        return False
    asked = (case.decide(action, Service.REGISTRY, principal=creator.principal) for action in _BECOMES_LAMBDAS)
    return all(decision.allowed for decision in asked)


def _through_the_bucket_endpoint(case: Case) -> Iterator[PullStep]:
    """Ask the S3 endpoint's policy, if there is one.

    The address of a layer is signed by Amazon ECR, not by the puller, so a policy that names the puller's role does
    not let it through. Guess: nothing else in such a policy can tell one account's layers from another's.
    """
    route = case.route(Service.LAYERS)
    policy = route.endpoint.policy if route.endpoint else None
    if policy is None:
        return
    bucket = f"prod-{case.region}-starport-layer-bucket"
    layers = case.chosen.layers if case.chosen else ()
    key = layers[0].digest.hex if layers else "layer"
    arn = f"arn:{partition_of(case.region)}:s3:::{bucket}/{key}"
    request = Request(_ECR, "s3:GetObject", arn)
    decision = decide(request, Policies(repository=_BUCKET_LETS_IN, endpoint=policy))
    step = _permission("pass the S3 endpoint", decision, Obstacle.BUCKET_DENIED)
    if decision.allowed:
        yield replace(step, words=f"The policy of {route.words.removeprefix('through ')} lets `s3:GetObject` through.")
    else:
        objects = f"arn:{partition_of(case.region)}:s3:::{bucket}/*"
        wish = f'allow s3:GetObject on {objects} with "Principal": "*" in that policy'
        yield replace(step, way_out=wish)


# --- images -----------------------------------------------------------------------------------------------------------

_FIND = "find the image"
_OF_IMAGES = (Obstacle.REPOSITORY_NOT_FOUND, Obstacle.KEY_UNUSABLE, Obstacle.IMAGE_ARCHIVED, Obstacle.IMAGE_NOT_FOUND)


def _image(case: Case) -> PullStep:
    assert case.repository is not None  # Case has checked it
    found, name = case.found, case.reference.repository
    if not case.repository.exists:
        words = f"Account {case.account_id} has no repository {name} in {case.region}."
        way_out = "create it, or mend account, region or name in the image"
        return _no_image(words, Obstacle.REPOSITORY_NOT_FOUND, way_out)
    if found is None:
        return _no_image(*_missing(case))
    if found.state is not ImageState.ACTIVE:
        return _no_image(*_archived(found))
    if case.repository.key_fault:
        way_out = "enable the KMS key, cancel its deletion, or let Amazon ECR use it again"
        return _no_image(f"{case.repository.key_fault}.", Obstacle.KEY_UNUSABLE, way_out)
    what = f"an index of {len(found.children)}" if found.is_index else "an image"
    words = f"`{case.reference_pulled}` means `sha256:{found.digest.short}…`, {what}."
    return PullStep(_FIND, words, may_fail_at=_OF_IMAGES)


def _no_image(words: str, obstacle: Obstacle, way_out: str) -> PullStep:
    return PullStep(_FIND, words, obstacle, way_out, may_fail_at=_OF_IMAGES)


def _archived(found: StoredImage) -> tuple[str, Obstacle, str]:
    """Say that an image is not there now. Source: Amazon ECR User Guide, "Restoring an archived image"."""
    if found.state is ImageState.ACTIVATING:
        words = "The image is on its way back from the archive."
        return (
            words,
            Obstacle.IMAGE_ARCHIVED,
            "wait, up to about 20 minutes, or push it again, which restores it at once",
        )
    words = "The image is in the archive."
    return words, Obstacle.IMAGE_ARCHIVED, "restore it with update_image_storage_class, or push it again"


def _missing(case: Case) -> tuple[str, Obstacle, str]:
    assert case.repository is not None
    tags = sorted({tag for image in case.repository.images for tag in image.tags})
    there = f"its tags are {', '.join(tags[:5])}" if tags else "it has no tags"
    if case.reference.digest is not None:
        words = f"Repository {case.reference.repository} has no image with this digest any more, or never had."
        way_out = "deploy a digest that is there; a lifecycle rule that spares what runs keeps it there"
        return words, Obstacle.IMAGE_NOT_FOUND, way_out
    tag = case.reference_pulled.tag
    words = f"Repository {case.reference.repository} has no tag {tag}; {there}."
    return (
        words,
        Obstacle.IMAGE_NOT_FOUND,
        f"push {tag}, or name a tag that is there; a lifecycle rule may have let it go",
    )


def _platform(case: Case) -> PullStep:
    found, wanted, at = case.found, case.puller.platform, (Obstacle.NO_PLATFORM,)
    assert found is not None
    title = "choose the platform"
    if not found.is_index:
        built_for = f"built for {found.platform}" if found.platform else "which does not say what it was built for"
        return PullStep(title, f"There is one image only, {built_for}: it is taken.", may_fail_at=at)
    chosen = case.chosen
    if chosen is None:
        there = ", ".join(dict.fromkeys(str(platform) for platform, _ in found.children)) or "nothing"
        words, way_out = f"The index offers {there}, and the machine is {wanted}.", _build_for(case)
        return PullStep(title, words, Obstacle.NO_PLATFORM, way_out, may_fail_at=at)
    return PullStep(title, f"For {wanted} the index names `sha256:{chosen.digest.short}…`.", may_fail_at=at)


def _build_for(case: Case) -> str:
    wanted = case.puller.platform
    return f"build and push an image for {wanted} too, or run it on a machine that the image was built for"


def _single_image(case: Case) -> PullStep:
    """Lambda takes one image, no index, and not too large a one.

    Source: AWS Lambda Developer Guide, "Create a Lambda function using a container image", requirements for images.
    """
    found, at = case.found, (Obstacle.INDEX_REFUSED, Obstacle.TOO_LARGE)
    assert found is not None
    title = "accept the image"
    if found.is_index:
        words = "Lambda takes one image, and this is an index, even if it names one image only."
        way_out = "push a single image: docker buildx build --platform linux/amd64 --provenance=false"
        return PullStep(title, words, Obstacle.INDEX_REFUSED, way_out, may_fail_at=at)
    if found.size > LAMBDA_LIMIT:
        words = f"Its layers have {found.size:,} bytes compressed, and uncompressed it may have {LAMBDA_LIMIT:,}."
        return PullStep(title, words, Obstacle.TOO_LARGE, "make the image smaller", may_fail_at=at)
    return PullStep(title, "It is one image.", may_fail_at=at)


def _same_region(case: Case) -> PullStep:
    title, at = "compare the regions", (Obstacle.OTHER_REGION,)
    if case.region == case.puller.region:
        return PullStep(title, f"Function and image are in {case.region}.", may_fail_at=at)
    words = f"The function is in {case.puller.region} and the image in {case.region}; Lambda takes none from elsewhere."
    return PullStep(title, words, Obstacle.OTHER_REGION, f"replicate the image to {case.puller.region}", may_fail_at=at)


def _layers(case: Case) -> PullStep:
    chosen = case.chosen
    assert chosen is not None
    count = len(chosen.layers)
    return PullStep("fetch the layers", f"{count} layer{'' if count == 1 else 's'}, {chosen.size:,} bytes compressed.")


def _start(case: Case) -> PullStep:
    chosen, machine, at = case.chosen, case.puller.platform, (Obstacle.OTHER_ARCHITECTURE,)
    assert chosen is not None
    title = "start the container"
    if chosen.platform is not None and not machine.accepts(chosen.platform):
        words = f"The program was built for {chosen.platform} and the machine is {machine}: it cannot execute it."
        return PullStep(title, words, Obstacle.OTHER_ARCHITECTURE, _build_for(case), may_fail_at=at)
    return PullStep(title, f"`sha256:{chosen.digest.short}…` runs.", may_fail_at=at)
