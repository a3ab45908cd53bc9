"""What is installed follows from all layers together, each of which is read once."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from ecrlab import oci, scan
from ecrlab.errors import InvalidImage, LayerChanged
from ecrlab.naming import Digest
from ecrlab.oci.media import OCI_LAYER_GZIP
from ecrlab.scan.os_release import ecosystem_of
from hypothesis import given, settings
from hypothesis import strategies as st
from layers_world import DEBIAN_12, contents, egg, image, installed, jar, pom

HERE = Path(__file__).parent
STATUS = "var/lib/dpkg/status"
RELEASE = {"usr/lib/os-release": DEBIAN_12, "etc/os-release": oci.File(link_to="../usr/lib/os-release")}


def names(found):
    """Name and version of each package, with the file that lists it."""
    return [(package.name, package.version, package.file_path) for package in found.packages]


def brought(found, built):
    """Number of the layer, from 0, that brought each package."""
    position = {layer.digest: n for n, layer in enumerate(built.layers)}
    return {package.name: position[package.layer_digest] for package in found.packages}


# --- one file system out of layers ------------------------------------------------------------------------------------
# Trees of few names, so that layers meet: packages are eggs, which are files and directories of the same name.

PLACES = tuple(f"{folder}{name}" for folder in ("", "a/", "x.egg-info/") for name in ("x.egg-info", "PKG-INFO", "a"))
CHANGES = {
    "egg": lambda path, name: (path, egg(name)),
    "file": lambda path, name: (path, "plain"),
    "link": lambda path, name: (path, oci.File(link_to="elsewhere")),
    "directory": lambda path, name: (f"{path}/", ""),
    "whiteout": lambda path, name: ("/".join([*path.split("/")[:-1], f".wh.{path.split('/')[-1]}"]), ""),
    "opaque": lambda path, name: ("/".join([*path.split("/")[:-1], ".wh..wh..opq"]), ""),
}
CHANGE = st.tuples(st.sampled_from(["egg", "egg", *CHANGES]), st.sampled_from(PLACES), st.sampled_from("pq"))


def without_clashes(changes):
    """Build the files of a layer; a change that an earlier one leaves no room for is dropped."""
    files = {}
    for kind, path, name in changes:
        key, value = CHANGES[kind](path, name)
        taken = {each.rstrip("/"): each for each in files}
        folders = [key.rstrip("/").rsplit("/", depth)[0] for depth in range(1, key.rstrip("/").count("/") + 1)]
        inside_a_file = any(taken.get(folder, "/")[-1] != "/" for folder in folders)
        over_a_folder = any(each.startswith(f"{key.rstrip('/')}/") for each in taken) and not key.endswith("/")
        if key.rstrip("/") not in taken and not inside_a_file and not over_a_folder:
            files[key] = value
    return files


LAYERS = st.lists(CHANGE, min_size=1, max_size=4).map(without_clashes)


def laid_over(below, layer):
    """Apply a layer to a tree as the specification says: first what it hides, then what it has."""
    tree = dict(below)

    def drop(path, *, itself=True):
        for there in [t for t in tree if (itself and t == path) or t.startswith(f"{path}/" if path else "")]:
            del tree[there]

    for name in layer:
        folder, _, last = name.rpartition("/")
        if last == ".wh..wh..opq":
            drop(folder, itself=False)
        elif last.startswith(".wh."):
            drop("/".join(filter(None, [folder, last.removeprefix(".wh.")])))
    for name, content in layer.items():
        path = name.rstrip("/")
        for above in [path.rsplit("/", depth)[0] for depth in range(path.count("/"), 0, -1)]:
            tree.pop(above, None)  # a file where this layer has a directory
        if ".wh." in path:
            continue
        if name.endswith("/"):
            tree.pop(path, None)
        else:
            drop(path)
            tree[path] = content
    return tree


def merged(stack):
    """Apply all layers, lowest first."""
    tree = {}
    for layer in stack:
        tree = laid_over(tree, layer)
    return tree


@settings(max_examples=400)
@given(st.lists(LAYERS, min_size=2, max_size=4))
def test_layers_are_their_merged_tree(stack):
    """The inventory of a stack is the inventory of one layer that has what is left in the end."""
    assert names(scan.read_image(image(merged(stack)))) == names(scan.read_image(image(*stack)))


@given(st.lists(LAYERS, max_size=3), st.data())
def test_an_unrelated_layer_changes_nothing(stack, data):
    """A layer of other files, anywhere in the stack, changes neither packages nor who brought them."""
    at = data.draw(st.integers(0, len(stack)))
    other = {"srv/readme.txt": "hello", "srv/.wh.old": ""}
    read = [scan.read_image(image(*each)) for each in (stack, [*stack[:at], other, *stack[at:]])]
    assert read[0].packages == read[1].packages


@given(LAYERS, LAYERS)
def test_a_layer_twice_is_as_good_as_once(lower, upper):
    """Applying the same changes again changes nothing."""
    once, twice = (scan.read_image(image(lower, upper, *more)) for more in ([], [upper]))
    assert names(once) == names(twice)


def test_removed_and_added_again():
    """A package that was away in between was brought by the layer that added it again."""
    path = "app/x.egg-info"
    built = image({path: egg("x")}, {"app/.wh.x.egg-info": ""}, {path: egg("x")})
    found = scan.read_image(built)
    assert ([("x", "1.0", path)], {"x": 2}) == (names(found), brought(found, built))
    assert [] == names(scan.read_image(image({path: egg("x")}, {"app/.wh.x.egg-info": ""})))


HIDING = {
    "whiteout of the file": {"app/v/.wh.x.egg-info": ""},
    "whiteout of a directory above": {".wh.app": ""},
    "opaque directory": {"app/v/.wh..wh..opq": ""},
    "opaque directory above": {"app/.wh..wh..opq": ""},
    "opaque root": {".wh..wh..opq": ""},
    "a file over a directory": {"app": "now a file"},
    "a link over a directory": {"app": oci.File(link_to="srv")},
    "a directory over the file": {"app/v/x.egg-info/": ""},
    "a link over the file": {"app/v/x.egg-info": oci.File(link_to="y")},
}


@pytest.mark.parametrize("layer", HIDING.values(), ids=HIDING)
def test_every_way_to_hide_a_package(layer):
    """The file below is gone, and its warnings are gone with it."""
    lower = {"app/v/x.egg-info": egg("x"), "app/v/y.egg-info/PKG-INFO": "broken"}
    assert [("x", "1.0", "app/v/x.egg-info")] == names(scan.read_image(image(lower)))
    found = scan.read_image(image(lower, layer))
    assert [] == names(found)


@pytest.mark.parametrize("layer", [{"app/.wh.x": ""}, {"app/v/.wh.x": ""}, {"ap": ""}, {"app/vx/.wh..wh..opq": ""}])
def test_near_misses_hide_nothing(layer):
    """Only whole names count."""
    lower = {"app/v/x.egg-info": egg("x")}
    assert [("x", "1.0", "app/v/x.egg-info")] == names(scan.read_image(image(lower, layer)))


def test_a_layer_hides_nothing_of_itself():
    """An opaque directory and a whiteout concern the layers below, wherever they stand in the archive."""
    layer = {"app/.wh..wh..opq": "", "app/.wh.x.egg-info": "", "app/x.egg-info": egg("new")}
    assert [("new", "1.0", "app/x.egg-info")] == names(scan.read_image(image({"app/x.egg-info": egg("old")}, layer)))


# --- who brought it ---------------------------------------------------------------------------------------------------


def test_each_layer_is_blamed_for_what_it_brought():
    """Every installation rewrites dpkg's whole database; still each package is the matter of one layer."""
    built = image(
        RELEASE | {STATUS: installed("libc6", "2.36-9") + installed("bash")},
        {STATUS: installed("libc6", "2.36-9") + installed("bash") + installed("curl")},
        {"srv/app.txt": "an application"},
        {STATUS: installed("libc6", "2.36-9+deb12u4") + installed("curl")},
    )
    found = scan.read_image(built)
    assert [("curl", "1.0", STATUS), ("libc6", "2.36-9+deb12u4", STATUS)] == names(found)
    assert {"curl": 1, "libc6": 3} == brought(found, built)


def test_distroless_packages_are_files_of_their_own():
    """They come and go one by one."""
    built = image(
        RELEASE | {f"{STATUS}.d/base": installed("base-files"), f"{STATUS}.d/ssl": installed("libssl3")},
        {f"{STATUS}.d/.wh.ssl": "", f"{STATUS}.d/zlib": installed("zlib1g", source="zlib (1)")},
    )
    found = scan.read_image(built)
    assert {"base-files": 0, "zlib1g": 1} == brought(found, built)
    assert ["base-files", "zlib"] == [package.source for package in found.packages]


def test_a_package_in_an_archive_says_where():
    """The path goes on inside the archive."""
    war = jar({"WEB-INF/lib/log4j-core-2.14.1.jar": jar(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"))})
    (package,) = scan.read_image(image({"srv/shop.war": war})).packages
    assert "srv/shop.war!/WEB-INF/lib/log4j-core-2.14.1.jar" == package.file_path


# --- the system -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", [pytest.param(row, id=row["name"]) for row in json.loads((HERE / "os_releases.json").read_text("utf-8"))]
)
def test_systems_and_their_ecosystems(case):
    """Each row: the lines of an os-release, what they say, and who judges the packages of its manager."""
    system = scan.read_image(image({"etc/os-release": "\n".join(case["lines"])})).system
    assert scan.System(*case["system"]) == system
    for manager in ("dpkg", "apk", "rpm"):
        if manager in case:
            assert case[manager] == ecosystem_of(manager, system)
    assert ("PyPI", "npm", "Maven") == tuple(ecosystem_of(each, system) for each in ("pip", "npm", "maven"))


def test_which_os_release_counts():
    """The one in etc, unless it is a link as it mostly is; a layer above may bring another, or take it away."""
    own = {"etc/os-release": "ID=own\n"}
    stacks = [[RELEASE], [RELEASE, own], [own, RELEASE], [own, {"etc/.wh.os-release": ""}], [{}]]
    systems = [scan.read_image(image(*stack)).system for stack in stacks]
    assert ["debian", "own", "debian", None, None] == [system and system.id for system in systems]


def test_the_ecosystem_may_come_from_another_layer():
    """A database without its os-release is of an unknown release; the image knows."""
    unknown = scan.read_image(image({STATUS: installed("bash")}))
    known = scan.read_image(image({STATUS: installed("bash")}, RELEASE))
    assert ["Debian"] == [package.ecosystem for package in unknown.packages]
    assert ["Debian:12"] == [package.ecosystem for package in known.packages]
    fact = "the release of the system is unknown, and with it the advisories for its packages (1)"
    assert ((fact,), ()) == (unknown.warnings, known.warnings)


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_warnings_of_files_live_as_long_as_the_file():
    """A broken file is reported; once it is hidden, it is not."""
    broken = {"node_modules/a/package.json": "{", "opt/agent.jar": jar({"a.txt": ""})}
    assert (
        "node_modules/a/package.json: it is not JSON",
        "Java archives that say neither what they are nor which version: 1, e.g. opt/agent.jar",
    ) == scan.read_image(image(broken)).warnings
    assert () == scan.read_image(image(broken, {".wh.node_modules": "", "opt/.wh.agent.jar": ""})).warnings


def test_many_warnings_are_counted():
    """Twenty files that cannot be read are named, the others are counted."""
    found = scan.read_image(image({f"node_modules/p{n:02}/package.json": "{" for n in range(23)}))
    assert 21 == len(found.warnings)
    assert "node_modules/p19/package.json: it is not JSON" == found.warnings[-2]
    assert "more files that could not be read: 3" == found.warnings[-1]


def test_warnings_of_layers_stay():
    """What was not read of a layer may have been anything."""
    layer = contents({f"{n}.egg-info": egg("a") for n in range(5)}, members=2)
    found = scan.inventory([layer], digest=Digest.of(b""))
    assert layer.warnings == found.warnings
    assert layer.warnings


# --- each layer once --------------------------------------------------------------------------------------------------


class Counting:
    """A blob that counts how often it is opened."""

    def __init__(self, blob, reads, digest):
        self.blob, self.reads, self.digest = blob, reads, digest

    def open(self):
        """Open it unseen."""
        return self.blob.open()

    def open_verified(self, digest, size):
        """Open it, and count."""
        self.reads[digest] += 1
        return self.blob.open_verified(digest, size)


def test_a_thousand_images_on_one_base():
    """With a cache, the layers that a thousand images share are read once, all others once too."""
    reads = Counter()

    def counted(files):
        layer = oci.layer(files)
        return dataclasses.replace(layer, blob=Counting(layer.blob, reads, layer.digest))

    base = [counted(RELEASE | {STATUS: installed("bash")}), counted({"usr/lib/six.egg-info": egg("six")})]
    cache = {}
    for number in range(1000):
        own = counted({"srv/app.egg-info": egg(f"app-{number}")})
        found = scan.read_image(oci.image(*base, own), cache=cache)
        assert ["bash", f"app-{number}", "six"] == [package.name for package in found.packages]
    assert (1002, {1}) == (len(reads), set(reads.values()))
    assert reads.keys() == cache.keys()


def test_a_layer_twice_in_one_image_is_read_once():
    """Even without a cache."""
    reads = Counter()
    layer = oci.layer({"six.egg-info": egg("six")})
    layer = dataclasses.replace(layer, blob=Counting(layer.blob, reads, layer.digest))
    scan.read_image(oci.image(layer, layer))
    assert {layer.digest: 1} == reads


def test_error_a_layer_that_changed(tmp_path):
    """A layer in a file is read to its end, past its archive: only there is a change certain. Nothing is kept."""
    path = tmp_path / "layer.tar"
    with oci.layer({"six.egg-info": egg("six")}, compression="none").open() as stream:
        path.write_bytes(stream.read() + bytes(5_000_000))
    built = oci.image(oci.layer_from_file(path))
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    cache = {}
    with pytest.raises(LayerChanged, match="it changed while it was read"):
        scan.read_image(built, cache=cache)
    assert {} == cache


# --- what is shown, and refused ---------------------------------------------------------------------------------------


def test_an_inventory_shows_itself():
    """Counts by ecosystem, every package with the layer that brought it, and what could not be read."""
    built = image(RELEASE | {STATUS: installed("bash", "5.2.15-2+b2")}, {"node_modules/a/package.json": "{"})
    found = scan.read_image(built)
    lines = str(found).splitlines()
    assert [
        "✗ Inventory",
        f"  image      `{built.digest}`",
        "  system     Debian GNU/Linux 12 (bookworm)",
        "  packages   1",
        "  Debian:12  1",
        "  node_modules/a/package.json: it is not JSON",
        "",
    ] == lines[:7]
    assert ["Debian:12", "bash", "5.2.15-2+b2", STATUS, built.layers[0].digest.short] == lines[-1].split()
    assert f"<Inventory of {built.digest.short}: 1 packages>" == repr(found)
    assert "bash" in found._repr_html_()
    assert "bash" in found._repr_markdown_()


def test_packages_and_systems_are_short_as_text():
    """Name and version; the name for people where there is one."""
    (package,) = scan.read_image(image(RELEASE | {STATUS: installed("bash", "5.2-1")})).packages
    texts = [str(each) for each in (package, scan.System("x", "1"), scan.System("x"), scan.System("x", "1", "X One"))]
    assert ["bash 5.2-1", "x 1", "x", "X One"] == texts
    assert package.belongs_to_system
    (egg_package,) = scan.read_image(image({"a.egg-info": egg("a")})).packages
    assert not egg_package.belongs_to_system


REFUSED = {
    "an index": (
        oci.index(image({})),
        "scan: a value of type Index is no single image; pick one of its platforms first",
    ),
    "a name": ("team/api", "scan: 'team/api' is no single image; pick one of its platforms first"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED)
def test_error_no_single_image(value, message):
    """Each platform of an index has an inventory of its own."""
    with pytest.raises(InvalidImage) as caught:
        scan.read_image(value)
    assert message == str(caught.value)


def test_error_a_damaged_layer_is_not_cached():
    """An image with a layer that cannot be unpacked has no inventory."""
    blob = oci.layer({"a": "1"})
    broken = dataclasses.replace(blob, blob=oci.layer({}, compression="none").blob, media_type=OCI_LAYER_GZIP)
    damaged = dataclasses.replace(broken, blob=type(broken.blob)(b"\x1f\x8b\x08\x00" + b"\xff" * 100))
    cache = {}
    with pytest.raises(InvalidImage, match=f"layer {blob.digest.short}: it is not a sound gzip stream"):
        scan.read_image(oci.image(damaged), cache=cache)
    assert {} == cache
