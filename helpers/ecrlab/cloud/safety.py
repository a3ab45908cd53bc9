"""What a lab may touch in an account, and how it is found again and removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ecrlab.cards import ShownAs, Table
from ecrlab.cloud.listing import described_repositories
from ecrlab.cloud.translate import aws_call
from ecrlab.errors import LabError

__all__ = ["CleanUp", "Owned", "Owner", "clean_up", "inventory"]

CREATED_BY = ("ecrlab:created-by", "ecrlab")
LAB_KEY = "ecrlab:lab"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a repository is: the lab's if its name has ``prefix`` and it carries the tag ``ecrlab:lab=<lab_id>``."""

    lab_id: str

    @property
    def prefix(self) -> str:
        """What the names of the lab's repositories begin with."""
        return f"ecrlab-{self.lab_id}/"

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """The resource tags of all that the lab makes."""
        return ((LAB_KEY, self.lab_id), CREATED_BY)

    def owns(self, ecr: Any, repository: Mapping[str, Any]) -> bool:
        """Say whether a repository, as DescribeRepositories answers it, is the lab's. Asks AWS for its tags."""
        if not repository["repositoryName"].startswith(self.prefix):
            return False
        with aws_call("ListTagsForResource", f"repository {repository['repositoryName']!r}"):
            tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        return set(self.tags) <= {(tag["Key"], tag.get("Value", "")) for tag in tags}


@dataclass(frozen=True, slots=True, order=True)
class Owned:
    """A repository of the lab: where it is, and what it holds. ``size_bytes`` is compressed, as ECR stores it."""

    region: str
    repository: str
    images: int
    size_bytes: int


@dataclass(frozen=True, slots=True, repr=False)
class CleanUp(ShownAs):
    """What a clean-up found, and whether it was removed. Displays as a table."""

    owned: tuple[Owned, ...]
    regions: tuple[str, ...]
    dry_run: bool

    @property
    def deleted(self) -> tuple[Owned, ...]:
        """What was deleted, and seen to be gone; empty after a dry run."""
        return () if self.dry_run else self.owned

    def table(self) -> Table:
        """Return one row per repository."""
        verb = "would be deleted by lab.clean_up(dry_run=False)" if self.dry_run else "deleted, and seen to be gone"
        what = f"{len(self.owned)} {'repository' if len(self.owned) == 1 else 'repositories'} {verb}"
        caption = f"{what if self.owned else 'Nothing of this lab is left'} (searched: {', '.join(self.regions)})"
        rows = [(item.region, item.repository, item.images, item.size_bytes) for item in self.owned]
        return Table(("Region", "Repository", "Images", "Bytes"), rows, caption)

    def _shown(self) -> Table:
        """Return the table."""
        return self.table()


def clean_up(ecr_by_region: Mapping[str, Any], owner: Owner | None, *, dry_run: bool) -> CleanUp:
    """List the repositories of ``owner`` in some regions, or delete them and look again.

    Args:
        ecr_by_region: An ECR client for each region to search.
        owner: Whose they are; ``None``: everybody's, for an account that is all the lab's.
        dry_run: Whether to leave them.

    Raises:
        AwsCallError: AWS refused to list or to delete.
        LabError: Something is still there after it was deleted.
    """
    owned = tuple(inventory(ecr_by_region, owner))
    if not dry_run:
        for item in owned:
            with aws_call("DeleteRepository", f"repository {item.repository!r} in {item.region}"):
                ecr_by_region[item.region].delete_repository(repositoryName=item.repository, force=True)
        left = [item.repository for item in inventory(ecr_by_region, owner)]
        if left:
            raise LabError("lab.clean_up", f"still there after deletion: {', '.join(left)}", "run it again")
    return CleanUp(owned, tuple(sorted(ecr_by_region)), dry_run)


def inventory(ecr_by_region: Mapping[str, Any], owner: Owner | None) -> Iterator[Owned]:
    """Yield the repositories of ``owner``, by region and name.

    Raises:
        AwsCallError: AWS refused to list them.
    """
    for region, ecr in sorted(ecr_by_region.items()):
        repositories = described_repositories(ecr, f"the registry in {region}")
        for repository in sorted(repositories, key=lambda found: str(found["repositoryName"])):
            if owner is None or owner.owns(ecr, repository):
                yield _weighed(ecr, region, repository["repositoryName"])


def _weighed(ecr: Any, region: str, name: str) -> Owned:
    with aws_call("DescribeImages", f"repository {name!r} in {region}"):
        pages = list(ecr.get_paginator("describe_images").paginate(repositoryName=name))
    details = [image for page in pages for image in page["imageDetails"]]
    return Owned(region, name, len(details), sum(image.get("imageSizeInBytes", 0) for image in details))
