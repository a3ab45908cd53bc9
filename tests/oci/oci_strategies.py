"""Arbitrary files and images, for the laws that hold for all of them."""

from __future__ import annotations

from ecrlab import oci
from hypothesis import strategies as st

PARTS = st.text("abcxyz019._-é漢 ", min_size=1, max_size=12).filter(lambda part: part not in (".", ".."))
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
FILES = st.one_of(
    st.binary(max_size=2000),
    st.text(max_size=50).filter(lambda text: text.isprintable()),
    st.builds(oci.File, st.binary(max_size=50), st.integers(0, 0o7777)),
    st.builds(lambda target: oci.File(link_to=target), st.text("abc/.é", min_size=1, max_size=150)),
)


def _without_clashes(files):
    """Drop what lies inside a file, since no folder could hold both."""
    return {
        name: file
        for name, file in files.items()
        if not any(other != name and name.startswith(other + "/") for other in files)
    }


TREES = st.dictionaries(NAMES, FILES, max_size=6).map(_without_clashes)
LAYERS = TREES.map(oci.layer)
LABELS = st.dictionaries(
    st.text(max_size=8).filter(str.isprintable), st.text(max_size=8).filter(str.isprintable), max_size=3
)
IMAGES = st.builds(
    lambda layers, labels, architecture: oci.image(*layers, labels=labels, architecture=architecture),
    st.lists(LAYERS, max_size=3),
    LABELS,
    st.sampled_from(["amd64", "arm64"]),
)
