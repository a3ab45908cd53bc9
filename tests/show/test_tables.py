"""The tables hold what the registry says now, to the last page."""

from collections.abc import Iterator
from typing import Any

import pytest
from ecrlab import oci, open_lab, registry, show
from ecrlab.cards import Table
from ecrlab.cloud import Lab, Mock
from ecrlab.errors import AwsCallError, InvalidInput

BASE = oci.layer({"etc/os-release": "NAME=Teaching Linux\n"})
APP = oci.layer({"app/main.py": "print(1)\n"})
AMD = oci.image(BASE, APP)
ARM = oci.image(BASE, APP, architecture="arm64")
BOTH = oci.index(AMD, ARM)
NAME = "payments/api"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A fresh account in Mode Mock."""
    with open_lab(Mock()) as opened:
        yield opened


@pytest.fixture
def ecr(lab: Lab) -> Any:
    """An ECR client with one repository, ``payments/api``."""
    client = lab.client("ecr")
    client.create_repository(repositoryName=NAME)
    return client


def short(image: Any) -> str:
    """Return the digest as the tables abbreviate it."""
    return f"sha256:{image.digest.short}…"


def column(table: Table, name: str) -> list[object]:
    """Return one column of a table."""
    return [row[table.columns.index(name)] for row in table.rows]


class TestRepositories:
    """``show.repositories``."""

    @pytest.mark.parametrize(
        ("mode", "words"),
        [
            ("MUTABLE", "every tag may move"),
            ("IMMUTABLE", "no tag may move"),
            ("MUTABLE_WITH_EXCLUSION", "tags may move, except latest, dev-*"),
            ("IMMUTABLE_WITH_EXCLUSION", "no tag may move, except latest, dev-*"),
        ],
    )
    def test_says_in_words_which_tags_may_move(self, ecr: Any, mode: str, words: str) -> None:
        """Each of the four modes has its sentence, with the filters where there are some."""
        filters = [{"filterType": "WILDCARD", "filter": text} for text in ("latest", "dev-*")]
        extra = {"imageTagMutabilityExclusionFilters": filters} if mode.endswith("EXCLUSION") else {}
        ecr.put_image_tag_mutability(repositoryName=NAME, imageTagMutability=mode, **extra)
        assert show.repositories(ecr).rows == [(NAME, mode, words)]

    def test_is_in_alphabetical_order_and_keeps_to_the_prefix(self, ecr: Any) -> None:
        """Only names that begin with the prefix are shown."""
        for name in ("payments/web", "orders/api", "payments-api"):
            ecr.create_repository(repositoryName=name)
        assert column(show.repositories(ecr), "Repository") == [
            "orders/api",
            "payments-api",
            "payments/api",
            "payments/web",
        ]
        assert column(show.repositories(ecr, "payments/"), "Repository") == ["payments/api", "payments/web"]

    def test_says_how_many(self, lab: Lab) -> None:
        """An empty registry has a table without rows."""
        assert show.repositories(lab.client("ecr")).caption == "0 repositories"


class TestImages:
    """``show.images``."""

    def test_children_stand_below_their_index(self, ecr: Any) -> None:
        """A child has no tag of its own; the index names it, for one platform."""
        registry.push(ecr, BOTH, NAME, tag="2.0")
        children = sorted(((i.digest, a) for i, a in ((AMD, "amd64"), (ARM, "arm64"))), key=lambda pair: pair[0])
        assert show.images(ecr, NAME).rows == [
            (short(BOTH), "index of 2", "tag 2.0", BOTH.size),
            *(
                (f"└ sha256:{digest.short}…", "image", f"linux/{a} of index {short(BOTH)}", AMD.size)
                for digest, a in children
            ),
        ]

    def test_an_index_in_an_index_keeps_its_children(self, ecr: Any) -> None:
        """Nothing gets lost below the second level."""
        registry.push(ecr, oci.index(BOTH), NAME, tag="nested")
        assert [str(text).count("└") for text in column(show.images(ecr, NAME), "Digest")] == [0, 1, 2, 2]

    def test_tags_of_one_image_stand_together_and_untagged_images_last(self, ecr: Any) -> None:
        """An image that lost its tag is named by nothing."""
        for tag in ("nightly", "1.0"):
            registry.push(ecr, AMD, NAME, tag=tag)
        registry.push(ecr, oci.image(BASE), NAME, tag="moved")
        registry.push(ecr, oci.image(APP), NAME, tag="moved")
        assert column(show.images(ecr, NAME), "Named by") == ["tag 1.0, tag nightly", "tag moved", "nothing"]

    def test_a_child_with_a_tag_has_two_names(self, ecr: Any) -> None:
        """A tag and an index may both lead to an image."""
        registry.push(ecr, BOTH, NAME, tag="2.0")
        registry.push(ecr, ARM, NAME, tag="2.0-arm64")
        assert f"tag 2.0-arm64, linux/arm64 of index {short(BOTH)}" in column(show.images(ecr, NAME), "Named by")

    def test_follows_pages_to_the_end(self, ecr: Any) -> None:
        """101 images are more than a page of DescribeImages, and 101 indexes more than one BatchGetImage."""
        for number in range(101):
            registry.push(ecr, oci.index(AMD, annotations={"build": str(number)}), NAME, tag=f"b{number}")
        table = show.images(ecr, NAME)
        assert len(table.rows) == 102
        assert set(column(table, "What it is")) == {"index of 1", "image"}

    def test_no_such_repository(self, ecr: Any) -> None:
        """AWS's refusal comes through in one line."""
        with pytest.raises(AwsCallError) as raised:
            show.images(ecr, "nope")
        assert raised.value.code == "RepositoryNotFoundException"


class TestDeleted:
    """``show.deleted``."""

    def test_says_what_was_deleted_and_what_was_refused(self, ecr: Any) -> None:
        """A child of an index is refused, with the reason, and no exception."""
        registry.push(ecr, BOTH, NAME, tag="2.0")
        registry.push(ecr, oci.image(BASE), NAME, tag="old")
        asked = [{"imageTag": "old"}, {"imageDigest": str(ARM.digest)}]
        table = show.deleted(ecr.batch_delete_image(repositoryName=NAME, imageIds=asked))
        assert table.caption == "1 deleted, 1 refused"
        assert column(table, "Outcome") == ["deleted", "refused: ImageReferencedByManifestList"]
        assert column(table, "Image") == [f"tag old, {short(oci.image(BASE))}", short(ARM)]
        assert column(table, "Reason") == ["", f"Requested image referenced by manifest list: [{short(BOTH)}]"]

    @pytest.mark.parametrize("answer", [None, {}, {"imageIds": []}, "text"], ids=repr)
    def test_refuses_what_is_no_answer(self, answer: Any) -> None:
        """Only what BatchDeleteImage returned has a meaning here."""
        with pytest.raises(InvalidInput) as raised:
            show.deleted(answer)
        assert str(raised.value) == (
            "show.deleted(response): it has no imageIds and failures; "
            "hand over what client.batch_delete_image(...) returned"
        )
