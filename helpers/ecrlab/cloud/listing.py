"""``described_repositories``: every repository of a registry, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecrlab.cloud.translate import aws_call

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["described_repositories"]


def described_repositories(client: ECRClient, subject: str) -> list[Any]:
    """Return what DescribeRepositories tells about each repository, in the order of its answers.

    Args:
        client: An ECR client of boto3.
        subject: What to call the registry in an error: ``this registry``.

    Raises:
        AwsCallError: AWS refused the listing.
    """
    with aws_call("DescribeRepositories", subject):
        pages = client.get_paginator("describe_repositories").paginate()
        return [repository for page in pages for repository in page["repositories"]]
