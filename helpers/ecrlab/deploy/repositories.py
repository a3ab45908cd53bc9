"""What Amazon ECR holds under a name, read for one pull: the image, its children, the policies, the key.

Only calls that read. BatchGetImage is one of them, and AWS records it as a pull.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import requests

from ecrlab.access import Policy, PolicyKind, parse
from ecrlab.cloud import Mock
from ecrlab.deploy.reading import Account, ask, attempt
from ecrlab.errors import RegistryError
from ecrlab.naming import Digest, ImageReference, RegistryHost, RepositoryArn
from ecrlab.oci import ImageManifest, IndexManifest, parse_manifest
from ecrlab.oci.image import platform_of
from ecrlab.oci.media import INDEX_TYPES, MANIFEST_TYPES
from ecrlab.workloads import ImageState, StoredImage, StoredRepository
from ecrlab.workloads.stored import entrypoint_of

if TYPE_CHECKING:
    from ecrlab.cloud import Lab

__all__ = ["repository_of"]

_ACCEPTED = [*MANIFEST_TYPES, *INDEX_TYPES]
_TIMEOUT_S = (10, 60)
_TAGS_SHOWN = 100


def repository_of(lab: Lab, reference: ImageReference) -> StoredRepository | None:
    """Read what a pull of a reference needs to know; ``None`` if it is not in a private registry of Amazon ECR.

    Args:
        lab: The open lab.
        reference: The image.

    Raises:
        AwsCallError: AWS refused to tell.
        RegistryError: A manifest or a config did not arrive.
    """
    host = reference.host
    return None if host is None else _Reader(lab, host, reference).read()


class _Reader:
    """Read one repository, whoever's it is, with the lab's own client."""

    def __init__(self, lab: Lab, host: RegistryHost, reference: ImageReference) -> None:
        self.lab = lab
        self.reference = reference
        self.arn = RepositoryArn(host.account_id, host.region, reference.repository)
        self.owner = Account(lab, host.account_id, host.region)
        self.place = f"repository {str(reference.repository)!r}"
        self.named = {"registryId": host.account_id, "repositoryName": str(reference.repository)}

    def read(self) -> StoredRepository:
        with self.lab.administrator():
            client = self.lab.client("ecr", region=self.arn.region)
            described = attempt(
                client,
                "DescribeRepositories",
                self.place,
                absent={"RepositoryNotFoundException"},
                registryId=self.arn.account_id,
                repositoryNames=[str(self.arn.repository)],
            )
            if described is None:
                return StoredRepository(self.arn, exists=False, registry_policy=self._registry_policy())
            key_fault = self._key_fault(described["repositories"][0])
            images = tuple(self._images(client, is_readable=not key_fault))
            policy = self._repository_policy(client)
        return StoredRepository(
            self.arn,
            images,
            policy,
            self._registry_policy(),
            key_fault=key_fault,
        )

    def _repository_policy(self, client: Any) -> Policy | None:
        absent = {"RepositoryPolicyNotFoundException"}
        answer = attempt(client, "GetRepositoryPolicy", self.place, absent=absent, **self.named)
        return parse(answer["policyText"], PolicyKind.REPOSITORY, name=str(self.arn.repository)) if answer else None

    def _registry_policy(self) -> Policy | None:
        """Read the registry's policy. Of another real account nobody can: there it counts as silent."""
        if not self.owner.is_own and not self._is_mock:
            return None
        subject = f"registry {self.arn.account_id}"
        answer = self.owner.attempt("ecr", "GetRegistryPolicy", subject, absent={"RegistryPolicyNotFoundException"})
        return parse(answer["policyText"], PolicyKind.REGISTRY, name="registry") if answer else None

    def _key_fault(self, repository: Mapping[str, Any]) -> str:
        key = repository.get("encryptionConfiguration", {}).get("kmsKey", "")
        if not key or not (self.owner.is_own or self._is_mock):
            return ""
        answer = self.owner.attempt("kms", "DescribeKey", f"key {key!r}", absent={"NotFoundException"}, KeyId=key)
        state = answer["KeyMetadata"]["KeyState"] if answer else "gone"
        return "" if state == "Enabled" else f"The KMS key of the repository is {state}"

    @property
    def _is_mock(self) -> bool:
        return isinstance(self.lab.mode, Mock)

    def _images(self, client: Any, *, is_readable: bool) -> Iterator[StoredImage]:
        reference = self.reference
        asked = (
            {"imageDigest": str(reference.digest)} if reference.digest else {"imageTag": str(reference.tag or "latest")}
        )
        detail = self._detail(client, asked)
        if detail is None:
            yield from self._tagged(client)
        elif is_readable:
            yield from self._read(client, detail)
        else:
            yield _unread(detail)

    def _detail(self, client: Any, asked: Mapping[str, str]) -> dict[str, Any] | None:
        answer = attempt(
            client,
            "DescribeImages",
            self.place,
            absent={"ImageNotFoundException"},
            imageIds=[asked],
            filter={"imageStatus": "ANY"},
            **self.named,
        )
        details = answer["imageDetails"] if answer else []
        return details[0] if details else None

    def _tagged(self, client: Any) -> Iterator[StoredImage]:
        """Yield which tags there are, so that a slip of the pen is seen at once."""
        answer = ask(
            client, "ListImages", self.place, filter={"tagStatus": "TAGGED"}, maxResults=_TAGS_SHOWN, **self.named
        )
        for each in answer["imageIds"]:
            yield StoredImage(Digest.parse(each["imageDigest"]), "", (each["imageTag"],))

    def _read(self, client: Any, detail: Mapping[str, Any]) -> Iterator[StoredImage]:
        """Yield an image, and the children of an index."""
        unread = _unread(detail)
        digest, tags = unread.digest, unread.tags
        if unread.state is not ImageState.ACTIVE:
            yield unread
            return
        document = self._manifest(client, digest)
        if isinstance(document, ImageManifest):
            config = self._blob(client, document.config.digest)
            yield StoredImage(
                digest,
                document.media_type,
                tags,
                platform_of(document, config),
                layers=document.layers,
                entrypoint=entrypoint_of(config),
            )
            return
        offers = tuple((each.platform, each.digest) for each in document.manifests if each.platform is not None)
        yield StoredImage(digest, document.media_type, tags, children=offers, is_index=True)
        yield from self._children(client, [child for _, child in offers])

    def _children(self, client: Any, digests: Sequence[Digest]) -> Iterator[StoredImage]:
        for digest in dict.fromkeys(digests):
            detail = self._detail(client, {"imageDigest": str(digest)})
            if detail is not None:
                yield from self._read(client, detail)

    def _manifest(self, client: Any, digest: Digest) -> ImageManifest | IndexManifest:
        answer = ask(
            client,
            "BatchGetImage",
            self.place,
            imageIds=[{"imageDigest": str(digest)}],
            acceptedMediaTypes=_ACCEPTED,
            **self.named,
        )
        if not answer["images"]:
            failure = answer["failures"][0]
            fact = f"{failure.get('failureCode')}: {failure.get('failureReason')}"
            raise RegistryError(f"{self.place}, {digest.short}", fact, "look at it with describe_images, and try again")
        return parse_manifest(answer["images"][0]["imageManifest"].encode())

    def _blob(self, client: Any, digest: Digest) -> bytes:
        answer = ask(client, "GetDownloadUrlForLayer", self.place, layerDigest=str(digest), **self.named)
        try:
            response = requests.get(answer["downloadUrl"], timeout=_TIMEOUT_S)
            response.raise_for_status()
        except requests.RequestException as exc:
            fact = f"the config could not be fetched ({type(exc).__name__})"
            raise RegistryError(f"{self.place}, {digest.short}", fact, "check the network, and try again") from exc
        return response.content


def _unread(detail: Mapping[str, Any]) -> StoredImage:
    """Return what DescribeImages alone says about an image."""
    media_type = detail.get("imageManifestMediaType", "")
    return StoredImage(
        Digest.parse(detail["imageDigest"]),
        media_type,
        tuple(detail.get("imageTags", ())),
        state=ImageState(detail.get("imageStatus", "ACTIVE")),
        is_index=media_type in INDEX_TYPES,
    )
