"""Bytes that are paid for: layers once for each repository, whatever the list of images suggests."""

from __future__ import annotations

import csv
import io

import pandas
import pytest
from ecrlab.errors import InvalidInput
from ecrlab.pricing import StoredImage, storage_of, stored_images
from hypothesis import given
from hypothesis import strategies as st

MB = 10**6
BASE = {"base": 100 * MB}


def image(repository, name, *, archived=False, **own):
    """Make an image on the base with layers of its own, in bytes."""
    blobs = BASE | own
    return StoredImage(repository, name, blobs, sum(blobs.values()), archived=archived)


def test_a_shared_base_is_stored_once_in_a_repository():
    """Ten images of 110 MB on one base of 100 MB take 200 MB, not 1,100."""
    made = storage_of(image("payments/api", f"i{n}", **{f"app{n}": 10 * MB}) for n in range(10))
    (there,) = made.repositories
    assert (1100 * MB, 200 * MB) == (there.listed_bytes, there.stored_bytes)
    assert not there.estimated


def test_each_repository_counts_for_itself():
    """Two repositories on one base store it twice; the second time is named as shared."""
    made = storage_of([image("a", "1", x=MB), image("b", "2", y=2 * MB)])
    assert (203 * MB, 100 * MB) == (made.standard_bytes, made.shared_bytes)
    assert ["b", "a"] == [each.name for each in made.repositories]
    assert 101 * MB == made.repository("a").stored_bytes


def test_the_archive_holds_what_no_standard_image_uses():
    """A layer that a standard image uses stays standard; only the rest of an archived image is archived."""
    made = storage_of([image("a", "now", new=MB), image("a", "old", archived=True, old=3 * MB)])
    assert (101 * MB, 3 * MB) == (made.standard_bytes, made.archive_bytes)


def test_images_without_known_layers_count_in_full():
    """Without layers each image counts in full, and the table says that the saving is not known."""
    made = storage_of(stored_images([{"repository": "a", "size_bytes": "5000000"}] * 2))
    assert 10 * MB == made.standard_bytes
    assert "not known" in str(made)


layers = st.dictionaries(st.sampled_from("abcdefgh"), st.just(0), max_size=5).map(
    lambda names: {name: (ord(name) - 96) * MB for name in names}
)
registries = st.lists(st.tuples(st.sampled_from(["r1", "r2"]), layers, st.booleans()), min_size=1, max_size=8)


@given(registries)
def test_laws(rows):
    """What is stored is never more than the sizes added up, and does not depend on the order of images."""
    images = [
        StoredImage(name, f"d{n}", blobs | {f"config{n}": 1}, sum(blobs.values()) + 1, archived=archived)
        for n, (name, blobs, archived) in enumerate(rows)
    ]
    made, turned = storage_of(images), storage_of(images[::-1])
    assert made.standard_bytes + made.archive_bytes <= made.listed_bytes
    assert (made.standard_bytes, made.archive_bytes, made.shared_bytes) == (
        turned.standard_bytes,
        turned.archive_bytes,
        turned.shared_bytes,
    )
    assert 0 <= made.shared_bytes <= made.standard_bytes + made.archive_bytes


def test_tables_of_both_kinds():
    """A data frame and the rows of a CSV file give the same images."""
    rows = ["repository,size_bytes,digest,tags,archived", "payments/api,52428800,sha256:aa,1.0 latest,no"]
    text = "\n".join([*rows, "fares,7,sha256:bb,,yes"])
    from_csv = stored_images(csv.DictReader(io.StringIO(text)))
    frame = pandas.read_csv(io.StringIO(text), keep_default_na=False)
    assert from_csv == stored_images(frame)
    assert ("1.0", "latest") == from_csv[0].tags
    assert [False, True] == [each.archived for each in from_csv]


WRONG = {
    "no repository": ({"size_bytes": 1}, "row 1: it has no 'repository'; add the column"),
    "no size": ({"repository": "a", "size_bytes": ""}, "row 1: it has no 'size_bytes'; add the column"),
    "no number": (
        {"repository": "a", "size_bytes": "50 MB"},
        "row 1: size_bytes '50 MB' is no size; use whole bytes, e.g. 52428800",
    ),
    "negative": (
        {"repository": "a", "size_bytes": -4},
        "row 1: size_bytes -4 is no size; use whole bytes, e.g. 52428800",
    ),
}


@pytest.mark.parametrize(("row", "message"), WRONG.values(), ids=WRONG)
def test_error_rows_that_cannot_be_read(row, message):
    """The message names the row, the column and what to write."""
    with pytest.raises(InvalidInput) as failure:
        stored_images([row])
    assert message == str(failure.value)


def test_error_a_repository_that_was_not_counted():
    """Asking for another repository is an error, not zero bytes."""
    with pytest.raises(InvalidInput) as failure:
        storage_of([]).repository("a")
    assert "repository 'a': there is no image of it; name one of those that were counted" == str(failure.value)
