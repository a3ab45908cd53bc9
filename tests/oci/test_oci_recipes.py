"""Lab images hold exactly what they say, as real images say it, in a few kilobytes, with the same digest everywhere."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidInput
from ecrlab.oci import recipes
from hypothesis import given
from hypothesis import strategies as st
from recipe_reading import files_of, libraries, system_packages

HERE = Path(__file__).parent
DIGESTS = json.loads((HERE / "data" / "recipe_digests.json").read_text(encoding="utf-8"))
TABLE = {row["name"]: row for row in json.loads((HERE.parent / "scan" / "lab_images.json").read_text("utf-8"))}
ADVISORIES = json.loads(Path(oci.__file__).parents[1].joinpath("scan", "advisories.json").read_text(encoding="utf-8"))[
    "advisories"
]
SYFT = shutil.which("syft", path=str(Path(sys.executable).parent))
ON_SYSTEMS = [name for name in TABLE if name.startswith(("debian", "alpine"))]
APPLICATIONS = [name for name in TABLE if name not in ON_SYSTEMS]
TWO_JARS = {"org.apache.commons:commons-text": "1.9", "org.springframework:spring-beans": "5.3.17"}


def everything_built():
    """Every image whose digest is pinned, by a name for it."""
    built = {f"{name} {cpu}": recipes.lab_image(name, architecture=cpu) for name in TABLE for cpu in ("amd64", "arm64")}
    built |= {f"{name} both": recipes.multi_platform(name) for name in ("debian-12-rebuilt", "java-app-old")}
    built |= {f"runnable {cpu}": recipes.runnable(architecture=cpu) for cpu in ("amd64", "arm64")}
    built |= {f"java {kind}": recipes.java_app(TWO_JARS, packaging=kind) for kind in ("war", "libraries")}
    built["installed"] = recipes.install(recipes.lab_image("debian-12-2023"), {"curl": "7.88.1-10+deb12u15"})
    built["scoped"] = recipes.node_app({"@example/core": "1.0.0"}, base=recipes.alpine({"musl": "1.2.4-r2"}))
    return {name: str(image.digest) for name, image in built.items()}


# --- the digests ------------------------------------------------------------------------------------------------------


def test_the_digests_are_pinned():
    """The same recipe gives the same bytes on every machine: a change here changes notebooks."""
    assert DIGESTS == everything_built()


def test_the_digests_do_not_depend_on_the_process():
    """Another process with other hashes of its texts, another language and time zone builds the same."""
    command = "import json, test_oci_recipes as it; print(json.dumps(it.everything_built()))"
    told = {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, "-c", command], env=os.environ | told, capture_output=True, text=True, check=True
    )
    assert DIGESTS == json.loads(done.stdout)


@given(st.permutations([*TABLE["debian-11-old"]["packages"].items()]))
def test_the_order_of_a_set_does_not_count(pairs):
    """Packages are recorded in the order of their names, however they were written down."""
    assert recipes.lab_image("debian-11-old") == recipes.debian(dict(pairs), 11)


@pytest.mark.parametrize("name", TABLE)
def test_a_lab_image_is_small_and_sound(name):
    """Manifest, config and layers together stay below 16 kB, and every digest in them is true."""
    image = recipes.lab_image(name)
    assert len(image.manifest) + len(image.config) + image.size < 16_000
    assert () == oci.validate(image)


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_table():
    """Twelve sets, six of them rebuilt."""
    assert tuple(TABLE) == recipes.LAB_IMAGES
    assert 6 == len([name for name in recipes.LAB_IMAGES if name.endswith("-rebuilt")])


@pytest.mark.parametrize("name", ON_SYSTEMS)
def test_a_system_records_exactly_its_set(name):
    """Every source package of the set is there in its version, through its usual binary packages, and nothing else."""
    row, files = TABLE[name], files_of(recipes.lab_image(name))
    recorded = [*system_packages(files)]
    assert row["packages"] == {source: version for _, _, source, version, _ in recorded}
    assert [] == [*libraries(files)]
    usual = {each["package"]: each["binaries"] for each in ADVISORIES if each["ecosystem"] == row["ecosystem"]}
    assert [] == [(binary, source) for binary, _, source, *_ in recorded if binary not in usual[source]]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_application_records_exactly_its_set(name):
    """The libraries are those of the set; the system below is the rebuilt Debian 12, package by package."""
    row, files = TABLE[name], files_of(recipes.lab_image(name))
    found = [*libraries(files)]
    assert sorted((row["ecosystem"], *pair) for pair in row["packages"].items()) == sorted(
        (ecosystem, written.lower() if ecosystem == "PyPI" else written, version)
        for ecosystem, written, version in found
    )
    below = files_of(recipes.lab_image("debian-12-rebuilt"))
    assert [*system_packages(below)] == [*system_packages(files)]


@pytest.mark.parametrize(
    ("name", "id_line", "version_line"),
    [
        ("debian-11-old", "ID=debian", 'VERSION_ID="11"'),
        ("debian-12-2023", "ID=debian", 'VERSION_ID="12"'),
        ("alpine-old", "ID=alpine", "VERSION_ID=3.12.0"),
        ("node-app-old", "ID=debian", 'VERSION_ID="12"'),
    ],
)
def test_a_system_says_what_it_is(name, id_line, version_line):
    """os-release lies below usr/lib, and the file in etc is a link to it, as in real images."""
    files = files_of(recipes.lab_image(name))
    assert b"-> ../usr/lib/os-release" == files["etc/os-release"]
    lines = files["usr/lib/os-release"].decode().splitlines()
    assert id_line in lines
    assert version_line in lines


def test_names_of_libraries_follow_the_version():
    """OpenSSL 1.1 gives libssl1.1 and OpenSSL 3 libssl3, whatever epoch stands before."""
    old = [name for name, *_ in system_packages(files_of(recipes.debian({"openssl": "1.1.1k-1"}, 11)))]
    new = [name for name, *_ in system_packages(files_of(recipes.debian({"openssl": "9:3.0.9-1"})))]
    assert (["libssl1.1", "openssl"], ["libssl3", "openssl"]) == (old, new)


def test_a_rebuilt_binary_names_the_source_it_came_from():
    """Debian 12's bash is 5.2.15-2+b8, compiled again from the source 5.2.15-2: advisories speak of the source."""
    files = files_of(recipes.debian({"bash": "5.2.15-2"}))
    assert [("bash", "5.2.15-2+b8", "bash", "5.2.15-2", "amd64")] == [*system_packages(files)]


def test_an_unknown_source_gives_a_package_of_its_name():
    """What the recipes do not know they take as it is."""
    assert [("tini", "0.19.0-1", "tini", "0.19.0-1", "arm64")] == [
        *system_packages(files_of(recipes.debian({"tini": "0.19.0-1"}, architecture="arm64")))
    ]


@pytest.mark.parametrize("packaging", ["fat jar", "war", "libraries"])
def test_jars_say_what_they_are_wherever_they_lie(packaging):
    """In one jar, in a web application, or as files side by side: the same artifacts."""
    image = recipes.java_app(TWO_JARS, packaging=packaging)
    assert sorted(("Maven", *pair) for pair in TWO_JARS.items()) == sorted(libraries(files_of(image)))


def test_what_pip_left_agrees_with_its_record():
    """Each line of RECORD has the hash and the size of its file, but for RECORD itself."""
    files = files_of(recipes.python_app({"flask": "3.0.3", "typing-extensions": "4.12.2"}))
    root = "usr/local/lib/python3.11/site-packages/"
    for folder in ("Flask-3.0.3.dist-info", "typing_extensions-4.12.2.dist-info"):
        for line in files[f"{root}{folder}/RECORD"].decode().splitlines():
            path, fingerprint, size = line.split(",")
            content = files[root + path]
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            wanted = ("", "") if path.endswith("RECORD") else (f"sha256={digest}", str(len(content)))
            assert wanted == (fingerprint, size)


KINDS_OF_SYFT = {"deb": "system", "apk": "system", "python": "PyPI", "npm": "npm", "java-archive": "Maven"}
OF_THE_APPLICATION_ITSELF = {"shop", "ROOT"}
PEER_IMAGES = {
    **{name: partial(recipes.lab_image, name) for name in TABLE if name.endswith("-old")},
    **{kind: partial(recipes.java_app, TWO_JARS, packaging=kind) for kind in ("war", "libraries")},
    "installed": lambda: recipes.install(recipes.lab_image("debian-12-2023"), {"curl": "7.88.1-10+deb12u15"}),
}


@pytest.mark.skipif(SYFT is None, reason="syft is a test dependency on Linux only")
@pytest.mark.parametrize("name", PEER_IMAGES)
def test_syft_reads_the_same(name, tmp_path):
    """Another tool finds the same packages, the same system and the same sources in the same files."""
    image = PEER_IMAGES[name]()
    layout = oci.write_layout(tmp_path / "layout", image)
    quiet = os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    done = subprocess.run(
        [SYFT, "--quiet", f"oci-dir:{layout}", "--output", "json"], env=quiet, capture_output=True, check=True
    )
    report = json.loads(done.stdout)
    seen = {
        (KINDS_OF_SYFT[each["type"]], _name_in_syft(each), each["version"])
        for each in report["artifacts"]
        if each["name"] not in OF_THE_APPLICATION_ITSELF
    }
    files = files_of(image)
    ours = {("system", binary, version) for binary, version, *_ in system_packages(files)}
    ours |= {
        (ecosystem, written.lower() if ecosystem == "PyPI" else written, version)
        for ecosystem, written, version in libraries(files)
    }
    assert ours == seen
    assert report["distro"]["id"] == ("alpine" if name.startswith("alpine") else "debian")


def _name_in_syft(artifact):
    if artifact["type"] != "java-archive":
        return artifact["name"]
    pom = artifact["metadata"].get("pomProperties", {})
    return f"{pom.get('groupId')}:{artifact['name']}"


# --- layers -----------------------------------------------------------------------------------------------------------


def test_applications_share_the_layers_below():
    """All stand on one base layer; two Python applications share the interpreter too."""
    base = recipes.lab_image("debian-12-rebuilt")
    applications = [recipes.lab_image(name) for name in APPLICATIONS]
    assert {base.layers} == {application.layers[:1] for application in applications}
    old, new = recipes.lab_image("python-app-old"), recipes.lab_image("python-app-rebuilt")
    assert old.layers[:2] == new.layers[:2]
    assert old.layers[2] != new.layers[2]


def test_an_application_moves_to_a_mended_base():
    """The same application on another base differs in the base's layer alone."""
    on_old = recipes.python_app({"flask": "3.0.3"}, base=recipes.lab_image("debian-12-2023"))
    on_new = recipes.python_app({"flask": "3.0.3"}, base=recipes.lab_image("debian-12-rebuilt"))
    assert on_old.layers[0] != on_new.layers[0]
    assert on_old.layers[1:] == on_new.layers[1:]


def test_install_hides_the_database_below():
    """A package gets its new version, others stay, new ones come; the base's layer is still in the image."""
    base = recipes.lab_image("debian-12-2023")
    patched = recipes.install(base, {"curl": "7.88.1-10+deb12u15", "sudo": "1.9.13p3-1"})
    before, after = ({name: version for name, version, *_ in system_packages(files_of(i))} for i in (base, patched))
    mended = dict.fromkeys(("curl", "libcurl4"), "7.88.1-10+deb12u15")
    assert before | mended | {"sudo": "1.9.13p3-1"} == after
    assert base.layers == patched.layers[:1]


def test_install_knows_apk():
    """On Alpine it is apk's database; a library of the old OpenSSL stays beside the new one, as its name is another."""
    patched = recipes.install(recipes.lab_image("alpine-old"), {"openssl": "3.3.7-r2"})
    found = {name: version for name, version, *_ in system_packages(files_of(patched))}
    assert ("1.1.1k-r0", "3.3.7-r2", "3.3.7-r2") == (found["libssl1.1"], found["libssl3"], found["openssl"])


def test_install_twice_is_install_once():
    """The second time changes nothing but the number of layers."""
    once = recipes.install(recipes.lab_image("alpine-old"), {"curl": "8.14.1-r2"})
    twice = recipes.install(once, {"curl": "8.14.1-r2"})
    assert once.layers[-1] == twice.layers[-1]


def test_a_layer_of_ones_own_goes_on_top():
    """What a lesson adds is an ordinary layer."""
    image = oci.append(recipes.lab_image("node-app-old"), oci.layer({"usr/src/app/health.js": "…"}))
    assert recipes.lab_image("node-app-old").layers == image.layers[:-1]


# --- how they are run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("debian-12-rebuilt", ["/bin/bash"]),
        ("alpine-rebuilt", ["/bin/sh"]),
        ("python-app-rebuilt", ["python", "main.py"]),
        ("node-app-rebuilt", ["node", "server.js"]),
        ("java-app-rebuilt", ["java", "-jar", "/app/shop.jar"]),
    ],
)
def test_an_image_says_how_it_is_run(name, command):
    """Entrypoint and command start what is inside; applications run as a user with a number, not as root."""
    run = json.loads(recipes.lab_image(name).config)["config"]
    assert command == [*run.get("Entrypoint", []), *run["Cmd"]]
    assert any(setting.startswith("PATH=") for setting in run["Env"])
    assert (None if name in ON_SYSTEMS else "10001:10001") == run.get("User")


def test_the_settings_of_the_base_stay():
    """Labels and the environment of the base are in the application's config, before its own."""
    base = oci.relabel(recipes.debian({"bash": "5.2.15-2"}), {"team": "platform"})
    application = recipes.node_app({"ws": "8.18.0"}, base=base)
    assert {"team": "platform"} == application.labels
    environment = json.loads(application.config)["config"]["Env"]
    assert ["PATH", "NODE_ENV"] == [setting.partition("=")[0] for setting in environment]


@pytest.mark.parametrize("name", ["debian-12-rebuilt", "python-app-old"])
def test_an_index_offers_two_platforms(name):
    """Each with its own config and its own packages; arm64 as public images name it, with v8."""
    index = recipes.multi_platform(name)
    assert ["linux/amd64", "linux/arm64/v8"] == [str(platform) for platform in index.platforms]
    words = [
        {architecture for *_, architecture in system_packages(files_of(index.pick(f"linux/{cpu}")))}
        for cpu in ("amd64", "arm64")
    ]
    assert [{"amd64"}, {"arm64"}] == words


def test_a_docker_base_stays_docker():
    """An application takes over the media types of its base: tools that know one family keep working."""
    base = oci.image(oci.layer({"etc/motd": "hi"}), family="docker")
    assert base.media_type == recipes.java_app(TWO_JARS, base=base).media_type


# --- what is refused --------------------------------------------------------------------------------------------------

EMPTY = oci.image(oci.layer({"etc/motd": "hi"}))
BAD = {
    "no_mapping": (
        lambda: recipes.debian(["openssl"]),
        "packages: ['openssl'] is no mapping; write {'openssl': '3.0.20-1~deb12u2'}",
    ),
    "release_without_recipe": (
        lambda: recipes.debian({}, 7),
        "release 7: there is no recipe for it; use 11, 12 or 13",
    ),
    "architecture_without_recipe": (
        lambda: recipes.debian({}, architecture="sparc"),
        "architecture 'sparc': there is no recipe for it; use amd64 or arm64",
    ),
    "source_in_capitals": (
        lambda: recipes.debian({"OpenSSL": "3.0.9-1"}),
        "packages['OpenSSL']: it is not the name of a source package; write it like 'openssl'",
    ),
    "version_as_number": (
        lambda: recipes.debian({"openssl": 3.0}),
        "packages['openssl']: 3.0 is no version; write text like '3.0.20-1~deb12u2'",
    ),
    "version_that_adds_a_field": (
        lambda: recipes.alpine({"musl": "1.2.4-r2\nP:x"}),
        "packages['musl']: '1.2.4-r2\\nP:x' is no version; write text like '3.3.7-r2'",
    ),
    "alpine_release_of_one_number": (
        lambda: recipes.alpine({}, "3"),
        "release '3': it is no release of Alpine; write two numbers, like '3.18'",
    ),
    "alpine_release_as_number": (
        lambda: recipes.alpine({}, 3.18),
        "release 3.18: it is no release of Alpine; write two numbers, like '3.18'",
    ),
    "python_name_with_a_path": (
        lambda: recipes.python_app({"../flask": "3.0.3"}),
        "packages['../flask']: it is not the name of a Python distribution; write it like 'flask'",
    ),
    "npm_name_with_a_path": (
        lambda: recipes.node_app({"a/b": "1.0.0"}),
        "packages['a/b']: it is not the name of an npm package; write it like 'ws'",
    ),
    "maven_name_without_group": (
        lambda: recipes.java_app({"log4j-core": "2.14.1"}),
        "packages['log4j-core']: it is not a group and an artifact with a colon between; "
        "write it like 'org.apache.commons:commons-text'",
    ),
    "packaging": (
        lambda: recipes.java_app({}, packaging="ear"),
        "packaging 'ear': there is no recipe for it; use 'fat jar', 'war' or 'libraries'",
    ),
    "base_by_name": (
        lambda: recipes.python_app({}, base="debian:12"),
        "python_app: base: 'debian:12' is no image; use recipes.debian(…) or another image",
    ),
    "base_for_two_platforms": (
        lambda: recipes.node_app({}, base=recipes.multi_platform("alpine-rebuilt")),
        "node_app: base: a value of type Index is no image; use recipes.debian(…) or another image",
    ),
    "install_without_database": (
        lambda: recipes.install(EMPTY, {"curl": "8.0.0-1"}),
        "install: the base has no package database; start from recipes.debian or recipes.alpine",
    ),
    "install_on_nothing": (
        lambda: recipes.install(None, {}),
        "install: base: a value of type NoneType is no image; use recipes.debian(…) or another image",
    ),
    "lab_image_misspelt": (
        lambda: recipes.lab_image("debian-11-odl"),
        "lab image 'debian-11-odl': there is none of this name; try 'debian-11-old', or see LAB_IMAGES",
    ),
    "lab_image_unlike_any": (
        lambda: recipes.multi_platform("zzz"),
        "lab image 'zzz': there is none of this name; try 'debian-12-rebuilt', or see LAB_IMAGES",
    ),
}


@pytest.mark.parametrize(("build", "message"), BAD.values(), ids=BAD)
def test_error_recipe(build, message):
    """What no recipe can build is refused in one line: place, fact, way out."""
    with pytest.raises(InvalidInput) as caught:
        build()
    assert message == str(caught.value)
