"""Images: put, get, describe, list and delete. A tag is a movable name; a digest is forever."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecrlab.emulator import (
    creation_templates,
    encryption,
    errors,
    events,
    paging,
    replication_runs,
    scanning_runs,
    signing_runs,
    storage,
)
from ecrlab.emulator.call import Answer, Call, present
from ecrlab.emulator.manifest import Manifest, digest_of, read_manifest
from ecrlab.emulator.mutability import is_fixed
from ecrlab.emulator.operations.pull_time import record_pull
from ecrlab.emulator.operations.scanning import scan_summary
from ecrlab.emulator.state import Image, Repository

__all__ = ["OPERATIONS"]

ImageId = Mapping[str, str]
"""AWS's ``ImageIdentifier``: imageDigest, imageTag or both."""

_DEFAULT_PAGE = 100
_IMAGES_PER_REPOSITORY = 100_000  # Amazon ECR service quotas, adjustable
_TAGS_PER_IMAGE = 1_000  # Amazon ECR service quotas
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9-_.]{0,127}")
_DIGEST = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]{32,}")


# --- put ------------------------------------------------------------------------------------------------------


def put_image(call: Call) -> Answer:
    """Store a manifest, give it a tag, or both; an archived image that is pushed again is back at once."""
    with creation_templates.pushed_to(call) as repository:
        return _put(call, repository)


def _put(call: Call, repository: Repository) -> Answer:
    encryption.refuse_if_locked(call.registry, repository)
    tag = call.parameters.get("imageTag")
    if call.rules.model_limits and tag is not None and not _TAG.fullmatch(tag):
        # Guess: the model has no pattern for tags; this is the one of the OCI distribution specification
        raise errors.invalid_parameter("imageTag", f"must satisfy regular expression '{_TAG.pattern}'")
    text = call.parameters["imageManifest"]
    manifest = read_manifest(
        text,
        call.parameters.get("imageManifestMediaType"),
        media_types_must_agree=call.rules.media_types_must_agree,
    )
    digest = _digest(call, text, manifest)
    image = repository.images.by_digest(digest)
    _refuse_unchanged(call, repository, image, digest, tag)
    _refuse_moving_fixed_tag(call, repository, digest, tag)
    if image is None:
        _refuse_missing_parts(call, repository, manifest)
        image = _stored(call, repository, digest, text, manifest)
    elif image.status != "ACTIVE":
        repository.images.activate(image, call.now)
    if tag is not None:
        _point(call, repository, image, tag)
    call.registry.publish(events.image_pushed(repository, digest, tag, call.now))
    signing_runs.enter(call.registry, repository, image, call.caller, call.now)
    replication_runs.enter(call.registry, repository, image, () if tag is None else (tag,), call.now)
    if call.rules.engines_are_ours:
        scanning_runs.enter(call.registry, repository, image, call.now)
    return {"image": _image(repository, image, {"imageDigest": digest} | ({"imageTag": tag} if tag else {}))}


def _digest(call: Call, text: str, manifest: Manifest) -> str:
    calculated, given = digest_of(text), call.parameters.get("imageDigest")
    if not call.rules.digest_is_of_manifest_bytes:
        joined = "".join(layer.digest for layer in manifest.layers)
        return given or ("sha256:" + hashlib.sha256(joined.encode()).hexdigest() if joined else calculated)
    if given not in (None, calculated):
        raise errors.image_digest_does_not_match(given, calculated)
    return calculated


def _refuse_unchanged(call: Call, repository: Repository, image: Image | None, digest: str, tag: str | None) -> None:
    if image is None or image.status != "ACTIVE":
        return
    if tag in image.tags or (tag is None and call.rules.repeated_untagged_push_fails):
        raise errors.image_already_exists(digest, tag, repository.name, repository.registry_id)


def _refuse_moving_fixed_tag(call: Call, repository: Repository, digest: str, tag: str | None) -> None:
    holder = repository.images.by_tag(tag) if tag is not None else None
    if tag is None or holder is None or holder.digest == digest:
        return
    if is_fixed(tag, repository.mutability, wildcards=call.rules.filters_are_wildcards):
        if call.rules.immutable_tag_has_own_error:
            raise errors.image_tag_already_exists(tag, repository.name)
        raise errors.image_already_exists(holder.digest, tag, repository.name, repository.registry_id)


def _refuse_missing_parts(call: Call, repository: Repository, manifest: Manifest) -> None:
    missing = [child.digest for child in manifest.children if child.digest not in repository.images]
    if missing:
        raise errors.images_required(dict.fromkeys(missing), repository.name, repository.registry_id)
    missing = [blob.digest for blob in manifest.blobs if blob.digest not in repository.layers]
    if missing and call.rules.layers_must_exist:
        raise errors.layers_required(dict.fromkeys(missing), repository.name, repository.registry_id)


def _stored(call: Call, repository: Repository, digest: str, text: str, manifest: Manifest) -> Image:
    images = repository.images
    if len(images) >= _IMAGES_PER_REPOSITORY:
        raise errors.limit_exceeded(f"The repository with name '{repository.name}' has the maximum number of images")
    image = Image(digest, images.next_sequence(), text, manifest, _size(call, repository, manifest), call.now)
    images.add(image)
    return image


def _size(call: Call, repository: Repository, manifest: Manifest) -> int | None:
    """Return imageSizeInBytes: the layers as they are stored, compressed; for an index its largest child."""
    if manifest.is_index:
        children = (repository.images.by_digest(child.digest) for child in manifest.children)
        sizes = (child.size for child in children if child is not None and child.size is not None)
        return max(sizes, default=0) if call.rules.index_has_a_size else None
    stored = ((layer, repository.layers.get(layer.digest)) for layer in manifest.layers)
    return sum(blob.size if blob else layer.size for layer, blob in stored)


def _point(call: Call, repository: Repository, image: Image, tag: str) -> None:
    if len(image.tags) >= _TAGS_PER_IMAGE:
        raise errors.limit_exceeded(f"The image with digest '{image.digest}' has the maximum number of tags")
    before = repository.images.tag(image, tag)
    if before and not before.tags and not call.rules.moved_tag_leaves_image:
        repository.remove_image(before)


# --- get ------------------------------------------------------------------------------------------------------


def batch_get_image(call: Call) -> Answer:
    """Hand out manifests; this is what a pull begins with, so it leaves its time."""
    repository = call.repository()
    images: list[Answer] = []
    failures: list[Answer] = []
    locked = encryption.trouble(call.registry, repository)
    for identifier in call.parameters["imageIds"]:
        found = _readable(_looked_up(call, repository, identifier), call.parameters.get("acceptedMediaTypes"))
        if locked and not isinstance(found, _Failure):
            found = _Failure("KmsError", f"{locked.code}: {locked.message}")
        if isinstance(found, _Failure):
            failures.append(found.about(identifier))
            continue
        record_pull(call, found)
        images.append(_image(repository, found, {"imageDigest": found.digest} | dict(identifier)))
    return {"images": images, "failures": failures}


def _readable(found: Image | _Failure, media_types: Sequence[str] | None) -> Image | _Failure:
    """Keep back what lies in the archive, and what the client cannot read.

    Guess: AWS says that pulling an archived image is a 404; of the modelled codes ImageInaccessible fits best. AWS
    converts some formats on a pull by tag; where it does not, no code but ImageNotFound fits.
    """
    if isinstance(found, _Failure):
        return found
    if found.status != "ACTIVE":
        return _Failure("ImageInaccessible", f"Requested image is not available: its status is {found.status}")
    if not media_types or found.manifest.media_type in media_types:
        return found
    return _Failure("ImageNotFound", "Requested image not found in an accepted media type")


def _image(repository: Repository, image: Image, identifier: ImageId) -> Answer:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": dict(identifier),
        "imageManifest": image.manifest_text,
        "imageManifestMediaType": image.manifest.media_type,
    }


# --- describe and list ----------------------------------------------------------------------------------------


def describe_images(call: Call) -> Answer:
    """Describe images oldest push first, page by page, or the named ones. Guess: those whatever their status."""
    repository = call.repository()
    identifiers, token, limit = (call.parameters.get(name) for name in ("imageIds", "nextToken", "maxResults"))
    if identifiers:
        if token or limit:
            raise errors.invalid_parameter("maxResults", "This option cannot be used with imageIds")
        named = {image.digest: image for image in (_found(repository, wanted) for wanted in identifiers)}
        return {"imageDetails": [_detail(call, repository, image) for image in named.values()]}
    scope = _scope(call, repository)
    (after,) = paging.decode_token(token, *scope) if token else (0,)
    wanted = (
        ((image.sequence,), image) for image in repository.images.from_sequence(int(after) + 1) if _passes(call, image)
    )
    images, next_token = paging.page(wanted, limit or _DEFAULT_PAGE, *scope)
    return {"imageDetails": [_detail(call, repository, image) for image in images], "nextToken": next_token}


def list_images(call: Call) -> Answer:
    """List the identifiers of images, one for each tag, oldest push first."""
    repository = call.repository()
    token = call.parameters.get("nextToken")
    scope = _scope(call, repository)
    position = paging.decode_token(token, *scope) if token else (0, 0)
    identifiers = _identifiers(call, repository, int(position[0]), int(position[1]))
    listed, next_token = paging.page(identifiers, call.parameters.get("maxResults", _DEFAULT_PAGE), *scope)
    return {"imageIds": listed, "nextToken": next_token}


def _identifiers(call: Call, repository: Repository, image: int, push: int) -> Iterator[tuple[paging.Position, Answer]]:
    """Walk all identifiers behind the tag that came with push number ``push`` on image number ``image``."""
    for candidate in repository.images.from_sequence(image):
        if not _passes(call, candidate):
            continue
        if not candidate.tags and candidate.sequence > image:
            yield (candidate.sequence, 0), {"imageDigest": candidate.digest}
        for tag, pushed in candidate.tags.items():
            if candidate.sequence > image or pushed > push:
                yield (candidate.sequence, pushed), {"imageDigest": candidate.digest, "imageTag": tag}


def _scope(call: Call, repository: Repository) -> tuple[str, ...]:
    chosen = call.parameters.get("filter", {})
    return call.operation, repository.arn, chosen.get("tagStatus", "ANY"), chosen.get("imageStatus", "ACTIVE")


def _passes(call: Call, image: Image) -> bool:
    chosen = call.parameters.get("filter", {})
    tag_status, image_status = chosen.get("tagStatus", "ANY"), chosen.get("imageStatus", "ACTIVE")
    return tag_status in ("ANY", "TAGGED" if image.tags else "UNTAGGED") and image_status in ("ANY", image.status)


def _found(repository: Repository, identifier: ImageId) -> Image:
    image = repository.images.find(identifier.get("imageDigest"), identifier.get("imageTag"))
    if image is None:
        raise errors.image_not_found(identifier, repository.name, repository.registry_id)
    return image


def _detail(call: Call, repository: Repository, image: Image) -> Answer:
    """Return the ``ImageDetail`` structure; members that have no value are left out, as AWS does."""
    detail = scan_summary(call, repository, image) | {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageDigest": image.digest,
        "imageTags": list(image.tags) or None,
        "imageSizeInBytes": image.size,
        "imagePushedAt": image.pushed_at,
        "imageManifestMediaType": image.manifest.media_type,
        "artifactMediaType": image.manifest.artifact_type,
        "lastRecordedPullTime": image.last_pulled_at,
        "subjectManifestDigest": image.manifest.subject,
        "imageStatus": image.status,
        "lastArchivedAt": image.archived_at,
        "lastActivatedAt": image.activated_at,
    }
    return present(**detail)


# --- delete ---------------------------------------------------------------------------------------------------


def batch_delete_image(call: Call) -> Answer:
    """Delete by tag (the image goes with its last tag) or by digest (with all tags)."""
    repository = call.repository()
    deleted: list[Answer] = []
    failures: list[Answer] = []
    # Looked up before anything goes: a listing handed back names one image once for each of its tags. Guess: AWS, too,
    # does not report the second of them as missing.
    wanted = [(identifier, _looked_up(call, repository, identifier)) for identifier in call.parameters["imageIds"]]
    for identifier, looked_up in wanted:
        if not isinstance(looked_up, _Failure) and _is_gone(repository, looked_up, identifier):
            continue
        found = _unprotected(looked_up, repository, identifier)
        if isinstance(found, _Failure):
            failures.append(found.about(identifier))
        else:
            deleted.extend(_delete(call, repository, found, identifier))
    return {"imageIds": deleted, "failures": failures}


def _is_gone(repository: Repository, image: Image, identifier: ImageId) -> bool:
    """Tell whether an identifier earlier in the same call has deleted what this one names."""
    tag_only = identifier["imageTag"] if "imageDigest" not in identifier else None
    return image.digest not in repository.images or (tag_only is not None and tag_only not in image.tags)


def _unprotected(found: Image | _Failure, repository: Repository, identifier: ImageId) -> Image | _Failure:
    """Keep a child of a live index. Guess: this holds for its last tag, too."""
    if isinstance(found, _Failure) or ("imageDigest" not in identifier and len(found.tags) > 1):
        return found
    parents = repository.images.parents(found.digest)
    if not parents:
        return found
    reason = f"Requested image referenced by manifest list: [{', '.join(parents)}]"
    return _Failure("ImageReferencedByManifestList", reason)


def _delete(call: Call, repository: Repository, image: Image, identifier: ImageId) -> list[Answer]:
    tag = identifier.get("imageTag")
    if "imageDigest" not in identifier and tag and len(image.tags) > 1:
        repository.images.untag(image, tag)
        call.registry.publish(events.image_deleted(repository, image.digest, tag, call.now))
        replication_runs.repeat_removal(call.registry, repository, image.digest, tag, call.now)
        return [{"imageDigest": image.digest, "imageTag": tag}]
    gone: list[Answer] = [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags]
    storage.delete(call.registry, repository, image, call.now)
    return gone or [{"imageDigest": image.digest}]


# --- identifiers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a batch call could not serve one of its identifiers."""

    code: str
    reason: str

    def about(self, identifier: ImageId) -> Answer:
        """Return the entry of ``failures[]``."""
        return {"imageId": dict(identifier), "failureCode": self.code, "failureReason": self.reason}


def _looked_up(call: Call, repository: Repository, identifier: ImageId) -> Image | _Failure:
    """Return the image behind an identifier, or why there is none."""
    digest, tag = identifier.get("imageDigest"), identifier.get("imageTag")
    malformed = _malformed(digest, tag)
    if malformed:
        return malformed
    image = repository.images.find(digest, tag)
    if image:
        return image
    digest_exists = tag is not None and digest in repository.images
    if digest_exists and call.rules.mismatched_tag_has_own_failure:
        # Guess: the code is modelled for this case, the sentence was not seen in public
        reason = f"Requested image tag '{tag}' does not match the digest '{digest}'"
        return _Failure("ImageTagDoesNotMatchDigest", reason)
    return _Failure("ImageNotFound", "Requested image not found")


def _malformed(digest: str | None, tag: str | None) -> _Failure | None:
    """Return what is wrong with an identifier that cannot name any image."""
    if digest is None and tag is None:
        return _Failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    if digest is not None and not _DIGEST.fullmatch(digest):
        regex = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"
        return _Failure(
            "InvalidImageDigest", f"Invalid request parameters: image digest should satisfy the regex '{regex}'"
        )
    if tag is not None and not _TAG.fullmatch(tag):
        # Guess: in the pattern of the sentence about digests
        return _Failure(
            "InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex '{_TAG.pattern}'"
        )
    return None


OPERATIONS = {
    "BatchDeleteImage": batch_delete_image,
    "BatchGetImage": batch_get_image,
    "DescribeImages": describe_images,
    "ListImages": list_images,
    "PutImage": put_image,
}
