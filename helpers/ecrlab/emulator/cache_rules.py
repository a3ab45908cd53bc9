"""Pull-through cache rules as records: which rule covers a repository, and what it is called upstream.

rule ecr-public ─► ROOT          ecr-public/nginx/nginx  is  nginx/nginx           of public.ecr.aws
rule my-app ─► upstream-app      my-app/image1           is  upstream-app/image1   of the upstream registry
rule ROOT ─► ROOT                nginx/nginx             is  nginx/nginx           of the upstream registry

Source: "Customizing repository prefixes for ECR to ECR pull through cache" and the table there, Amazon ECR User Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ecrlab.emulator import prefixes

__all__ = ["CacheRule", "covering"]


@dataclass(frozen=True, slots=True)
class CacheRule:
    """A pull-through cache rule.

    Args:
        prefix: Of repositories here; plain, or ``ROOT``.
        url: The upstream registry's host.
        upstream: What kind of registry that is: ``ecr``, ``docker-hub``, …
        upstream_prefix: Of repositories there; plain, or ``ROOT``.
        created_at: When it was made.
        updated_at: When it was changed last; ``None`` before the first change.
        credential_arn: The secret for the upstream registry's login.
        role_arn: The role for an upstream ECR of another account.
    """

    prefix: str
    url: str
    upstream: str
    upstream_prefix: str
    created_at: datetime
    updated_at: datetime | None = None
    credential_arn: str | None = None
    role_arn: str | None = None

    def name_upstream(self, repository: str) -> str:
        """Return what a repository that the rule covers is called upstream."""
        rest = prefixes.rest_of(repository, self.prefix)
        return rest if self.upstream_prefix == prefixes.ROOT else f"{self.upstream_prefix}/{rest}"


def covering(rules: Mapping[str, CacheRule], repository: str) -> CacheRule | None:
    """Return the rule of the longest prefix that covers a repository. Guess: the longest, as for templates."""
    prefix = prefixes.longest(rules, repository)
    return rules[prefix] if prefix is not None else None
