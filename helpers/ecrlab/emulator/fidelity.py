"""What the emulator does with each operation of Amazon ECR, as data.

The boxes "On AWS" in the course and the list in docs/emulator.md are made from this table; a test compares it with
botocore's list, so that an operation that AWS adds is noticed at the first run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["FIDELITY", "Degree", "Fidelity"]


class Degree(Enum):
    """How far an operation goes."""

    ACTS = "acts"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One operation: how far it goes, and what is different on AWS (one sentence, empty if nothing is known)."""

    degree: Degree
    on_aws: str = ""


def _acts(on_aws: str = "") -> Fidelity:
    return Fidelity(Degree.ACTS, on_aws)


def _absent(on_aws: str) -> Fidelity:
    return Fidelity(Degree.ABSENT, on_aws)


_EVENTUALLY = "The change may take a moment to be visible everywhere."
_PTC = "Pull-through cache rules fetch images from other registries on first use."
_TEMPLATES = "ECR makes repositories in a role, the template's or its own; here what that role may do is not asked."
_IN_ORDER = "The order is not documented; here it is that of the prefixes."
_SIGNING = "AWS Signer signs with keys of its own and takes a moment; here a stand-in signs until the next call."
_KMS = "The caller needs permissions for the KMS key, too; here neither its policy nor the caller's are asked."
_BACKFILL = "A backfill takes as long as its images are many; here ten copies take ten minutes, after five to prepare."
_DECIDED = "Policies decide about every caller; here about those a lab acts as, and those with keys of STS or IAM."
_OUR_ADVISORIES = (
    "More than 50 feeds are asked; here only the kit's own advisories, so that no finding means none of these."
)
_SCANS = "A scan takes its time; here the second look, or a look half a minute later, finds it complete."

FIDELITY: dict[str, Fidelity] = {
    "BatchCheckLayerAvailability": _acts(),
    "BatchDeleteImage": _acts("Layers that no image refers to are cleaned up later, at a time that AWS does not name."),
    "BatchGetImage": _acts("Some manifest formats are converted on a pull by tag if acceptedMediaTypes asks for it."),
    "BatchGetRepositoryScanningConfiguration": _acts(),
    "CompleteLayerUpload": _acts(),
    "CreatePullThroughCacheRule": _absent(_PTC),
    "CreateRepository": _acts(_KMS),
    "CreateRepositoryCreationTemplate": _acts(_TEMPLATES),
    "DeleteLifecyclePolicy": _acts("The images that a running evaluation has chosen may still expire."),
    "DeletePullThroughCacheRule": _absent(_PTC),
    "DeleteRegistryPolicy": _acts(_DECIDED),
    "DeleteRepository": _acts(),
    "DeleteRepositoryCreationTemplate": _acts(),
    "DeleteRepositoryPolicy": _acts(_DECIDED),
    "DeleteSigningConfiguration": _acts(),
    "DeregisterPullTimeUpdateExclusion": _acts(_EVENTUALLY),
    "DescribeImageReplicationStatus": _acts("Failure codes are not documented; here they are those of a push by hand."),
    "DescribeImageScanFindings": _acts(_OUR_ADVISORIES),
    "DescribeImageSigningStatus": _acts(_SIGNING),
    "DescribeImages": _acts(
        "The order of images is not documented, here it is that of their pushes; the newest basic scanning leaves "
        "imageScanStatus and imageScanFindingsSummary out, here they are filled."
    ),
    "DescribePullThroughCacheRules": _absent(_PTC),
    "DescribeRegistry": _acts(),
    "DescribeReplicationBackfillResults": _acts(_BACKFILL),
    "DescribeRepositories": _acts("The order of repositories is not documented; here it is that of their names."),
    "DescribeRepositoryCreationTemplates": _acts(_IN_ORDER),
    "GetAccountSetting": _acts(),
    "GetAuthorizationToken": _acts("The token is longer, and its content is not documented."),
    "GetDownloadUrlForLayer": _acts("The bytes come from an S3 bucket that ECR owns."),
    "GetLifecyclePolicy": _acts("lastEvaluatedAt can be any time of the day; here it is 02:00 UTC."),
    "GetLifecyclePolicyPreview": _acts(
        "A preview takes its time; here the second look, or a look at a later time, is complete."
    ),
    "GetRegistryPolicy": _acts(_DECIDED),
    "GetRegistryScanningConfiguration": _acts(),
    "GetRepositoryPolicy": _acts(_DECIDED),
    "GetSigningConfiguration": _acts(),
    "InitiateLayerUpload": _acts("An upload that is not completed ends by itself, at a time that AWS does not name."),
    "ListImageReferrers": _acts("The order of referrers is not documented; here it is that of their pushes."),
    "ListImages": _acts("The order of images is not documented; here it is that of their pushes."),
    "ListPullTimeUpdateExclusions": _acts("The order is not documented; here it is that of the ARNs."),
    "ListReplicationBackfills": _acts(_BACKFILL),
    "ListTagsForResource": _acts(),
    "PutAccountSetting": _acts("BLOB_MOUNTING lets repositories share layers; here it is kept and has no effect."),
    "PutImage": _acts("Docker's old schema 1 manifests are taken, too."),
    "PutImageScanningConfiguration": _acts("AWS advises registry scanning rules in its place."),
    "PutImageTagMutability": _acts(_EVENTUALLY),
    "PutLifecyclePolicy": _acts("It acts within 24 hours, at a time that AWS does not name; here at 02:00 UTC."),
    "PutRegistryPolicy": _acts(_DECIDED),
    "PutRegistryScanningConfiguration": _acts(
        "With ENHANCED scanning Amazon Inspector takes over and is billed; an organization may fix the setting."
    ),
    "PutReplicationConfiguration": _acts(
        "Most images arrive within 30 minutes; here each takes ten minutes of the clock."
    ),
    "PutSigningConfiguration": _acts(_SIGNING),
    "RegisterPullTimeUpdateExclusion": _acts(_EVENTUALLY),
    "SetRepositoryPolicy": _acts(_DECIDED),
    "StartImageScan": _acts(_SCANS),
    "StartLifecyclePolicyPreview": _acts("When a preview expires is not documented; here after 24 hours."),
    "StartReplicationBackfill": _acts(_BACKFILL),
    "StopReplicationBackfill": _acts(_BACKFILL),
    "TagResource": _acts("Tags can be used in policies and, once activated, in the bill."),
    "UntagResource": _acts("Tags can be used in policies and, once activated, in the bill."),
    "UpdateImageStorageClass": _acts(
        "A restore takes up to 20 minutes and ends with scan and replication; here it takes 20 minutes."
    ),
    "UpdatePullThroughCacheRule": _absent(_PTC),
    "UpdateRepositoryCreationTemplate": _acts(_TEMPLATES),
    "UploadLayerPart": _acts(),
    "ValidatePullThroughCacheRule": _absent(_PTC),
}
"""AWS's operation name -> what the emulator does with it."""
