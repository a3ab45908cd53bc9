"""Lifecycle policies: checked when they are put, shown in a preview, run once a day by ``emulator.lifecycle_runs``.

A preview is a snapshot: it holds what a run at its start would have done, whatever is pushed or deleted afterwards.

Start ──► IN_PROGRESS ──asked once, or any time later──► COMPLETE ──24 hours──► EXPIRED
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from ecrlab import lifecycle
from ecrlab.emulator import errors, lifecycle_runs, paging
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.state import Preview, Repository
from ecrlab.errors import InvalidPolicy
from ecrlab.lifecycle import Action, Entry, Policy, Why

__all__ = ["OPERATIONS", "parsed"]

_NEVER = datetime.fromtimestamp(0, UTC)  # lastEvaluatedAt of a policy that did not run yet, says the AWS CLI's manual
_DEFAULT_PAGE = 100
_PREVIEW_LIVES = timedelta(hours=24)  # Guess: that previews expire is modelled, when they do is not documented


# --- the policy -----------------------------------------------------------------------------------------------


def put_lifecycle_policy(call: Call) -> Answer:
    """Keep a policy that is right; it acts at the next run. Guess: lastEvaluatedAt begins anew with it."""
    repository = call.repository()
    text = call.parameters["lifecyclePolicyText"]
    parsed(text)
    repository.lifecycle_policy, repository.lifecycle_evaluated_at = text, None
    return _about(repository, text)


def get_lifecycle_policy(call: Call) -> Answer:
    """Give a policy back, with the time of its last run."""
    repository = call.repository()
    return _about(repository, _present(repository)) | _evaluated(repository)


def delete_lifecycle_policy(call: Call) -> Answer:
    """Forget a policy."""
    repository = call.repository()
    answer = _about(repository, _present(repository)) | _evaluated(repository)
    repository.lifecycle_policy = repository.lifecycle_evaluated_at = None
    return answer


def parsed(text: str, parameter: str = "LifecyclePolicyText") -> Policy:
    """Read a policy that came as a parameter.

    The sentence begins as AWS's does; AWS names a JSON schema next, we name the place.

    Raises:
        EcrError: InvalidParameterException.
    """
    try:
        return lifecycle.parse(text)
    except InvalidPolicy as invalid:
        first, more = invalid.faults[0], len(invalid.faults) - 1
        fact = f"{first.place}: {first.fact}" + (f" (and {more} more)" if more else "")
        raise errors.invalid_parameter(parameter, f"Lifecycle policy validation failure: {fact}") from invalid


def _present(repository: Repository) -> str:
    if repository.lifecycle_policy is None:
        raise errors.policy_not_found("Lifecycle", repository.name, repository.registry_id)
    return repository.lifecycle_policy


def _about(repository: Repository, text: str) -> Answer:
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "lifecyclePolicyText": text,
    }


def _evaluated(repository: Repository) -> Answer:
    return {"lastEvaluatedAt": repository.lifecycle_evaluated_at or _NEVER}


# --- the preview ----------------------------------------------------------------------------------------------


def start_lifecycle_policy_preview(call: Call) -> Answer:
    """Plan a run of the given policy, or of the repository's own, at this moment."""
    repository = call.repository()
    text = call.parameters.get("lifecyclePolicyText") or _present(repository)
    policy = parsed(text)
    if repository.preview and _status(repository.preview, call.now) == "IN_PROGRESS":
        raise errors.preview_in_progress(repository.name, repository.registry_id)
    repository.preview = Preview(text, call.now, lifecycle_runs.plan(repository, policy, call.now))
    return _about(repository, text) | {"status": "IN_PROGRESS"}


def get_lifecycle_policy_preview(call: Call) -> Answer:
    """Show the latest preview, page by page; only a complete one has results."""
    repository = call.repository()
    preview = repository.preview
    if preview is None:
        raise errors.preview_not_found(repository.name, repository.registry_id)
    if call.parameters.get("imageIds") and {"nextToken", "maxResults"} & call.parameters.keys():
        raise errors.invalid_parameter("maxResults", "This option cannot be used with imageIds")
    status = _status(preview, call.now)
    preview.asked = True
    answer = _about(repository, preview.policy_text) | {"status": status}
    return answer | (_results(call, repository, preview) if status == "COMPLETE" else {"previewResults": []})


def _status(preview: Preview, now: datetime) -> str:
    if now - preview.started_at >= _PREVIEW_LIVES:
        return "EXPIRED"
    return "COMPLETE" if preview.asked or now > preview.started_at else "IN_PROGRESS"


def _results(call: Call, repository: Repository, preview: Preview) -> Answer:
    chosen = call.parameters.get("filter", {}).get("tagStatus", "ANY")
    scope = (call.operation, repository.arn, preview.started_at.isoformat(), chosen)
    token = call.parameters.get("nextToken")
    (after,) = paging.decode_token(token, *scope) if token else (0,)
    results = (
        ((entry.image.sequence,), _result(entry))
        for entry in _acted_on(preview)
        if entry.image.sequence > int(after) and _passes(entry, chosen, call.parameters.get("imageIds"))
    )
    shown, next_token = paging.page(results, call.parameters.get("maxResults", _DEFAULT_PAGE), *scope)
    return {"previewResults": shown, "nextToken": next_token, "summary": _summary(preview)}


def _acted_on(preview: Preview) -> Iterator[Entry]:
    """Walk the images that the run would act on, oldest push first.

    Guess: referrers that would follow these within a day are not listed, since no rule is applied to them.
    """
    return (entry for entry in preview.plan.entries if entry.why is Why.ACTED)


def _passes(entry: Entry, tag_status: str, identifiers: list[Mapping[str, str]] | None) -> bool:
    if tag_status not in ("ANY", "TAGGED" if entry.image.tags else "UNTAGGED"):
        return False
    return identifiers is None or any(_is_named(entry, identifier) for identifier in identifiers)


def _is_named(entry: Entry, identifier: Mapping[str, str]) -> bool:
    digest, tag = identifier.get("imageDigest"), identifier.get("imageTag")
    is_meant = digest in (None, entry.image.digest) and (tag is None or tag in entry.image.tags)
    return is_meant and (digest, tag) != (None, None)


def _result(entry: Entry) -> Answer:
    """Return the ``LifecyclePolicyPreviewResult`` structure."""
    return {
        "imageTags": list(entry.image.tags),
        "imageDigest": entry.image.digest,
        "imagePushedAt": entry.image.pushed_at,
        "action": {"type": "EXPIRE"}
        if entry.action is Action.EXPIRE
        else {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
        "appliedRulePriority": entry.rule,
        "storageClass": entry.image.storage_class.value.upper(),
    }


def _summary(preview: Preview) -> Answer:
    """Count the whole preview. Guess: filters do not change the summary."""
    counts = Counter(entry.action for entry in _acted_on(preview))
    summary: Answer = {"expiringImageTotalCount": counts[Action.EXPIRE]}
    if counts[Action.TRANSITION]:
        moving = {"targetStorageClass": "ARCHIVE", "imageTotalCount": counts[Action.TRANSITION]}
        summary["transitioningImageTotalCounts"] = [moving]
    return summary


OPERATIONS = {
    "DeleteLifecyclePolicy": delete_lifecycle_policy,
    "GetLifecyclePolicy": get_lifecycle_policy,
    "GetLifecyclePolicyPreview": get_lifecycle_policy_preview,
    "PutLifecyclePolicy": put_lifecycle_policy,
    "StartLifecyclePolicyPreview": start_lifecycle_policy_preview,
}
