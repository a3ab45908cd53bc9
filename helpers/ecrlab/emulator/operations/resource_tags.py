"""Resource tags: key and value pairs on a repository, for cost allocation and access control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ecrlab.emulator import errors
from ecrlab.emulator.call import Answer, Call
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.state import Repository

__all__ = ["OPERATIONS", "merged"]

_MOST_TAGS = 50
_LONGEST_KEY = 128
_LONGEST_VALUE = 256
_ALLOWED = re.compile(r"[\w\s_.:/=+\-@]*")  # letters, digits, spaces and _ . : / = + - @, in any script
_ARN = re.compile(r"arn:[^:]+:ecr:(?P<region>[^:]+):(?P<account>[^:]+):repository/(?P<name>.+)")


def tag_resource(call: Call) -> Answer:
    """Add tags, or give those that are there another value."""
    repository = _repository(call)
    repository.resource_tags = merged(repository.resource_tags, call.parameters["tags"])
    return {}


def untag_resource(call: Call) -> Answer:
    """Remove tags by key; a key that is not there is no error."""
    repository = _repository(call)
    for key in call.parameters["tagKeys"]:
        repository.resource_tags.pop(key, None)
    return {}


def list_tags_for_resource(call: Call) -> Answer:
    """Return all tags, in the order in which they came."""
    tags = _repository(call).resource_tags
    return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def merged(present: Mapping[str, str], tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return ``present`` with ``tags`` (AWS's Key and Value structures) put over it.

    Raises:
        EcrError: InvalidTagParameterException or TooManyTagsException. Limits: "Tagging a private repository" in the
            Amazon ECR User Guide, and the model's documentation. Wording: guess.
    """
    result = dict(present)
    given: set[str] = set()
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        fault = _fault(key, value) or (f"the tag key '{key}' is given twice" if key in given else None)
        if fault:
            raise EcrError("InvalidTagParameterException", f"Invalid tag: {fault}")
        given.add(key)
        result[key] = value
    if len(result) > _MOST_TAGS:
        raise EcrError(
            "TooManyTagsException",
            f"The list of tags on the repository is over the limit. The maximum number of tags that can be applied "
            f"to a repository is {_MOST_TAGS}.",
        )
    return result


def _fault(key: str, value: str) -> str | None:
    if not 1 <= len(key) <= _LONGEST_KEY:
        return f"a tag key has 1 to {_LONGEST_KEY} characters, this one has {len(key)}"
    if len(value) > _LONGEST_VALUE:
        return f"a tag value has at most {_LONGEST_VALUE} characters, that of '{key}' has {len(value)}"
    if key.lower().startswith("aws:"):
        return f"tag keys that start with 'aws:' are reserved, as '{key}' does"
    for what, text in (("key", key), ("value", value)):
        if not _ALLOWED.fullmatch(text):
            return f"the tag {what} '{text}' has a character that is not allowed"
    return None


def _repository(call: Call) -> Repository:
    """Return the repository behind the ARN of the request, which must be one of this registry."""
    match = _ARN.fullmatch(call.parameters["resourceArn"])
    if match is None:
        raise errors.invalid_parameter("resourceArn", "Invalid ARN")
    repository = call.registry.repository(match["name"])
    if repository is None or repository.arn != call.parameters["resourceArn"]:
        raise errors.repository_not_found(match["name"], match["account"])
    return repository


OPERATIONS = {
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
