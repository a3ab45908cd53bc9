"""Repository creation templates: checked and kept; ``creation_templates`` applies them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ecrlab.access import PolicyKind
from ecrlab.emulator import errors, paging
from ecrlab.emulator.call import Answer, Call, present
from ecrlab.emulator.creation_templates import Template
from ecrlab.emulator.errors import EcrError
from ecrlab.emulator.operations import lifecycle, policies
from ecrlab.emulator.operations.passed_roles import passed_role
from ecrlab.emulator.operations.repositories import mutability_members, read_mutability
from ecrlab.emulator.operations.resource_tags import merged
from ecrlab.emulator.prefixes import plain

__all__ = ["OPERATIONS"]

_DEFAULT_PAGE = 100


def create_template(call: Call) -> Answer:
    """Keep a new template."""
    prefix = plain(call.parameters["prefix"])
    if prefix in call.registry.templates:
        raise EcrError(  # Wording: guess, in the pattern of its siblings
            "TemplateAlreadyExistsException",
            f"The repository creation template with prefix '{prefix}' already exists "
            f"in the registry with id '{call.registry.account_id}'",
        )
    blank = Template(prefix, (), created_at=call.now, updated_at=call.now)
    return _kept(call, replace(blank, **_settings(call)))


def update_template(call: Call) -> Answer:
    """Change what the request names; repositories that a template has made stay as they are.

    Guess: what is named is replaced as a whole, all tags by the new ones.
    """
    return _kept(call, replace(_named(call), **_settings(call), updated_at=call.now))


def delete_template(call: Call) -> Answer:
    """Forget a template."""
    template = _named(call)
    del call.registry.templates[template.prefix]
    return _answer(call, template)


def describe_templates(call: Call) -> Answer:
    """List templates in the order of their prefixes. Guess: of named ones those that are there, without an error."""
    named = {plain(prefix) for prefix in call.parameters.get("prefixes", ())}
    scope = (call.operation, call.registry.account_id, call.registry.region, *sorted(named))
    token = call.parameters.get("nextToken")
    (after,) = paging.decode_token(token, *scope) if token else ("",)
    templates, next_token = paging.page(
        _after(call, str(after), named), call.parameters.get("maxResults", _DEFAULT_PAGE), *scope
    )
    return {
        "registryId": call.registry.account_id,
        "repositoryCreationTemplates": [_described(template) for template in templates],
        "nextToken": next_token,
    }


def _after(call: Call, after: str, named: set[str]) -> Iterator[tuple[paging.Position, Template]]:
    for prefix, template in sorted(call.registry.templates.items()):
        if prefix > after and (not named or prefix in named):
            yield (prefix,), template


def _named(call: Call) -> Template:
    prefix = plain(call.parameters["prefix"])
    template = call.registry.templates.get(prefix)
    if template is None:
        raise EcrError(  # Wording: guess, in the pattern of its siblings
            "TemplateNotFoundException",
            f"The repository creation template with prefix '{prefix}' does not exist "
            f"in the registry with id '{call.registry.account_id}'",
        )
    return template


def _kept(call: Call, template: Template) -> Answer:
    _refuse_without_role(template)
    call.registry.templates[template.prefix] = template
    return _answer(call, template)


def _settings(call: Call) -> dict[str, Any]:
    """Read the settings that a request names, each checked as the operation that sets it on a repository does.

    Guess: a policy of no characters, which the service model allows, stands for none.
    """
    given = call.parameters
    settings: dict[str, Any] = {}
    if "appliedFor" in given:
        settings["applied_for"] = _purposes(given["appliedFor"])
    if "description" in given:
        settings["description"] = given["description"]
    if "encryptionConfiguration" in given:
        settings["encryption"] = _encryption(given["encryptionConfiguration"])
    if "resourceTags" in given:
        settings["resource_tags"] = _tags(given["resourceTags"])
    if "imageTagMutability" in given or "imageTagMutabilityExclusionFilters" in given:
        settings["mutability"] = read_mutability(given)
    if "repositoryPolicy" in given:
        settings["repository_policy"] = given["repositoryPolicy"]
        if given["repositoryPolicy"]:
            policies.checked(
                given["repositoryPolicy"],
                PolicyKind.REPOSITORY,
                "Invalid repository policy provided",
                "repositoryPolicy",
            )
    if "lifecyclePolicy" in given:
        settings["lifecycle_policy"] = given["lifecyclePolicy"]
        if given["lifecyclePolicy"]:
            lifecycle.parsed(given["lifecyclePolicy"], "lifecyclePolicy")
    if "customRoleArn" in given:
        settings["role_arn"] = passed_role(call)
    return settings


def _purposes(given: list[str]) -> tuple[str, ...]:
    if not given:  # Guess: a template that serves nothing is refused
        raise errors.invalid_parameter("appliedFor", "Member must have length greater than or equal to 1")
    return tuple(dict.fromkeys(given))


def _encryption(given: dict[str, str]) -> dict[str, str]:
    """Check what needs no key; whether the key is there shows when a repository is made. Guess: on AWS, too."""
    chosen = {name: value for name, value in given.items() if value}
    if chosen["encryptionType"] == "AES256" and "kmsKey" in chosen:
        raise errors.invalid_parameter("encryptionConfiguration.kmsKey", "kmsKey must be null for AES256")
    return chosen


def _tags(given: list[dict[str, str]]) -> dict[str, str]:
    """Read tags. The errors of TagResource are not among those of templates: the code is a guess."""
    try:
        return merged({}, given)
    except EcrError as refused:
        raise errors.invalid_parameter("resourceTags", refused.message) from refused


def _refuse_without_role(template: Template) -> None:
    """Refuse tags and keys without a role of one's own, which the User Guide asks for. Code and sentence: guess."""
    has_key = template.encryption is not None and template.encryption["encryptionType"] != "AES256"
    if (has_key or template.resource_tags) and template.role_arn is None:
        raise EcrError(
            "ValidationException", "customRoleArn is required when a template has resource tags or KMS encryption"
        )


def _answer(call: Call, template: Template) -> Answer:
    return {"registryId": call.registry.account_id, "repositoryCreationTemplate": _described(template)}


def _described(template: Template) -> Answer:
    """Return the ``RepositoryCreationTemplate`` structure; members without a value are left out."""
    members = {
        "prefix": template.prefix,
        "description": template.description,
        "encryptionConfiguration": template.encryption or {"encryptionType": "AES256"},
        "resourceTags": [{"Key": key, "Value": value} for key, value in template.resource_tags.items()] or None,
        **mutability_members(template.mutability),
        "repositoryPolicy": template.repository_policy or None,
        "lifecyclePolicy": template.lifecycle_policy or None,
        "appliedFor": list(template.applied_for),
        "customRoleArn": template.role_arn,
        "createdAt": template.created_at,
        "updatedAt": template.updated_at,
    }
    return present(**members)


OPERATIONS = {
    "CreateRepositoryCreationTemplate": create_template,
    "DeleteRepositoryCreationTemplate": delete_template,
    "DescribeRepositoryCreationTemplates": describe_templates,
    "UpdateRepositoryCreationTemplate": update_template,
}
