"""What there is to say about the image of a container, on ECS as on Kubernetes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ecrlab.errors import InvalidName
from ecrlab.naming import Digest, ImageReference, placeholder_in
from ecrlab.oci.descriptor import Platform
from ecrlab.workloads.container import Container
from ecrlab.workloads.findings import Code, Finding
from ecrlab.workloads.json_text import Path
from ecrlab.workloads.pointing import Pointer

__all__ = ["Surroundings", "findings_about_image"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document does not say, as far as it is known.

    Args:
        account_id: The account that it is deployed in.
        region: The region that it is deployed in.
        platforms: The platforms that images are there for, by the image as documents write it.
        when_a_tag_moves: What a moved tag means there, as the end of a sentence.
    """

    account_id: str | None = None
    region: str | None = None
    platforms: Mapping[str, Collection[Platform]] = field(default_factory=dict)
    when_a_tag_moves: str = "two deployments of the same text may run different builds"


def findings_about_image(
    container: Container, path: Path, point: Pointer, around: Surroundings, wanted: Collection[Platform]
) -> Iterator[Finding]:
    """Judge the image of one container.

    Args:
        container: The container.
        path: The path to its ``image`` in the document.
        point: Makes the findings.
        around: What is known beside the document.
        wanted: The platforms that it may be run on; empty if the document does not decide that.
    """
    if not container.image:
        sentence = f"The container {container.name!r} names no image."
        yield point.finding(Code.NO_IMAGE, path, sentence, "add the image, with its registry and a tag or a digest")
        return
    try:
        reference = ImageReference.as_pulled(container.image)
    except InvalidName as exc:
        sentence = f"This image cannot be pulled: {exc.place}: {exc.fact}."
        yield point.finding(_code_of_fault(container.image), path, sentence, exc.way_out)
        return
    yield from _about_the_registry(container, reference, path, point, around)
    yield from _about_the_tag(reference, path, point, around)
    yield from _about_the_platform(container.image, path, point, around, wanted)


def _code_of_fault(image: str) -> Code:
    if placeholder_in(image) is not None:
        return Code.PLACEHOLDER
    digest = image.partition("@")[2]
    try:
        Digest.parse(digest or "sha256:" + "0" * 64)
    except InvalidName:
        return Code.BAD_DIGEST
    return Code.BAD_IMAGE


def _about_the_registry(
    container: Container, reference: ImageReference, path: Path, point: Pointer, around: Surroundings
) -> Iterator[Finding]:
    if reference.is_docker_hub and container.credentials is None:
        yield point.finding(
            Code.DOCKER_HUB,
            path,
            f"`{container.image}` is pulled from Docker Hub, not from ECR; Docker Hub limits pulls without a login.",
            "write the ECR registry in front of the repository, or pull through a cache in ECR",
        )
    host = reference.host
    if host is None:
        return
    if around.account_id and host.account_id != around.account_id:
        yield point.finding(
            Code.CROSS_ACCOUNT,
            path,
            f"The image lives in account {host.account_id} and is deployed in {around.account_id}: "
            "the repository's policy there has to let the pulling role in, and so has the role's own policy.",
            "have the owner add a repository policy for that role or account",
        )
    if around.region and host.region != around.region:
        yield point.finding(
            Code.CROSS_REGION,
            path,
            f"The image lives in {host.region} and is deployed in {around.region}: every pull crosses regions, "
            "which takes longer and is charged, and VPC endpoints of this region do not serve it.",
            f"replicate the repository to {around.region} and name the registry there",
        )


def _about_the_tag(reference: ImageReference, path: Path, point: Pointer, around: Surroundings) -> Iterator[Finding]:
    if reference.digest is not None:
        return
    way_out = "name a tag that never moves (a version, a commit), or the digest"
    if reference.tag is None:
        sentence = f"No tag is written, so `latest` is pulled, whatever that is then: {around.when_a_tag_moves}."
        yield point.finding(Code.NO_TAG, path, sentence, way_out)
    elif reference.tag.value == "latest":
        sentence = f"`latest` moves with every push: {around.when_a_tag_moves}."
        yield point.finding(Code.LATEST_TAG, path, sentence, way_out)


def _about_the_platform(
    image: str, path: Path, point: Pointer, around: Surroundings, wanted: Collection[Platform]
) -> Iterator[Finding]:
    offered = around.platforms.get(image)
    if offered is None:
        return
    missing = [platform for platform in wanted if not any(platform.accepts(other) for other in offered)]
    if missing:
        there = ", ".join(str(platform) for platform in offered) or "no platform at all"
        yield point.finding(
            Code.PLATFORM_MISMATCH,
            path,
            f"It may run on {' or '.join(str(platform) for platform in missing)}, and the image is there for {there}: "
            "the pull fails for want of a matching manifest, or the program with an exec format error.",
            "build the image for that platform as well and push an index, or run it where it fits",
        )
