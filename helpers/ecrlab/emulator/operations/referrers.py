"""Referrers: the signatures, bills of materials and other artifacts that say which image they are about.

A subject need not be there, neither when an artifact refers to it nor when its referrers are listed: OCI distribution
specification, "Pushing Manifests with Subject" and "Listing Referrers".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from ecrlab.emulator import errors, paging
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Image

__all__ = ["OPERATIONS"]

_DEFAULT_PAGE = 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def list_image_referrers(call: Call) -> Answer:
    """List what refers to a digest, oldest push first, page by page; in use unless another status is asked for."""
    repository = call.repository()
    subject = call.parameters["subjectId"]["imageDigest"]
    if call.rules.model_limits and not _DIGEST.fullmatch(subject):
        # Guess: the model has no pattern here; this is what a manifest's subject has to be
        raise errors.invalid_parameter("subjectId.imageDigest", f"must satisfy regular expression '{_DIGEST.pattern}'")
    chosen = call.parameters.get("filter", {})
    kinds: Collection[str] = chosen.get("artifactTypes") or ()
    status = chosen.get("artifactStatus", "ACTIVE")
    scope = (call.operation, repository.arn, subject, status, *sorted(kinds))
    token = call.parameters.get("nextToken")
    (after,) = paging.decode_token(token, *scope) if token else (0,)
    referrers = (
        ((image.sequence,), _described(image))
        for image in repository.images.referrers(subject)
        if image.sequence > int(after)
        and status in ("ANY", image.status)
        and (not kinds or image.manifest.artifact_type in kinds)
    )
    shown, next_token = paging.page(referrers, call.parameters.get("maxResults", _DEFAULT_PAGE), *scope)
    return {"referrers": shown, "nextToken": next_token}


def _described(image: Image) -> Answer:
    """Return the ``ImageReferrer`` structure. Guess: its size is the manifest's, as in OCI's own list of referrers."""
    manifest = image.manifest_text.encode()
    referrer = {
        "digest": image.digest,
        "mediaType": image.manifest.media_type,
        "artifactType": image.manifest.artifact_type,
        "size": len(manifest),
        "annotations": _annotations(manifest),
        "artifactStatus": image.status,
    }
    return {name: value for name, value in referrer.items() if value}


def _annotations(manifest: bytes) -> dict[str, str]:
    """Return the annotations that are text under text, as OCI wants them."""
    written = json.loads(manifest).get("annotations")
    return {key: text for key, text in written.items() if isinstance(text, str)} if isinstance(written, dict) else {}


OPERATIONS = {"ListImageReferrers": list_image_referrers}
