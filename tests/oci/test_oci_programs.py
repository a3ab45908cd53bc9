"""Two recipes make images that really run: tried here by the kernel itself, and by Podman where it is installed."""

import errno
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from ecrlab import oci
from ecrlab.errors import InvalidInput
from ecrlab.oci import recipes
from ecrlab.oci.recipes import elf
from hypothesis import given
from hypothesis import strategies as st
from recipe_reading import files_of

HERE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
ON_LINUX = pytest.mark.skipif(sys.platform != "linux" or HERE is None, reason="needs Linux on amd64 or arm64")
EMULATOR = shutil.which("qemu-aarch64-static") if HERE == "amd64" else None
PODMAN = shutil.which("podman")
WITH_PODMAN = pytest.mark.skipif(PODMAN is None or os.geteuid() != 0, reason="needs Podman, and to be root")
BUSYBOX = Path("/bin/busybox")
STATIC_BUSYBOX = BUSYBOX.is_file() and not elf.needs_loader(BUSYBOX.read_bytes())
WITH_BUSYBOX = pytest.mark.skipif(not STATIC_BUSYBOX, reason="needs a static busybox: package busybox-static")


def written(folder, program):
    """A program as a file that may be executed."""
    path = folder / "program"
    path.write_bytes(program)
    path.chmod(0o755)
    return path


def said_by(*command):
    """What a program wrote, and its status."""
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return done.stdout.decode(), done.stderr.decode(), done.returncode


# --- one sentence -----------------------------------------------------------------------------------------------------


@ON_LINUX
@pytest.mark.parametrize("message", ["Hello\n", "Grüße – ☁\n", "x" * 4096])
def test_the_kernel_runs_the_program(tmp_path, message):
    """The one file in the image says its sentence and ends well: no loader, no library, nothing else."""
    files = files_of(recipes.runnable(message, architecture=HERE))
    assert ["hello"] == [*files]
    assert (message, "", 0) == said_by(written(tmp_path, files["hello"]))


@pytest.mark.skipif(EMULATOR is None, reason="needs qemu-aarch64-static on amd64: package qemu-user-static")
def test_the_arm_program_runs_in_an_emulator(tmp_path):
    """The same sentence from the other processor's instructions."""
    program = files_of(recipes.runnable("Hello\n", architecture="arm64"))["hello"]
    assert ("Hello\n", "", 0) == said_by(EMULATOR, written(tmp_path, program))


@ON_LINUX
def test_the_program_of_another_processor_does_not_start(tmp_path):
    """The kernel refuses it in the words that a container runtime passes on: exec format error."""
    other = "arm64" if HERE == "amd64" else "amd64"
    program = written(tmp_path, files_of(recipes.runnable(architecture=other))["hello"])
    if any(Path("/proc/sys/fs/binfmt_misc").glob("qemu-*")):
        pytest.skip("this machine hands the other processor's programs to an emulator")
    with pytest.raises(OSError, match="Exec format error") as caught:
        subprocess.run([program], check=False, capture_output=True, timeout=60)
    assert errno.ENOEXEC == caught.value.errno


@given(st.text(min_size=1, max_size=400), st.sampled_from(["amd64", "arm64"]))
def test_the_headers_tell_the_truth(message, architecture):
    """One segment that is the whole file and may be read and executed; the entry point lies in it."""
    program = elf.speaking_program(message.encode(), architecture)
    assert architecture == elf.architecture_of(program)
    assert not elf.needs_loader(program)
    entry, start = struct.unpack_from("<QQ", program, 24)
    kind, rights, offset, address, _, in_file, in_memory, align = struct.unpack_from("<IIQQQQQQ", program, start)
    assert (1, 0b101, 0, len(program), len(program)) == (kind, rights, offset, in_file, in_memory)
    assert 0 == address % align
    assert address + start + 56 == entry
    assert program.endswith(message.encode())


def test_a_hundred_and_some_bytes_are_enough():
    """Headers 120, code 33 or 32, message: an image that runs is smaller than its own manifest."""
    sizes = {cpu: len(elf.speaking_program(b"", cpu)) for cpu in ("amd64", "arm64")}
    assert {"amd64": 153, "arm64": 152} == sizes
    image = recipes.runnable()
    assert image.size < len(image.manifest)
    assert ["/hello"] == json.loads(image.config)["config"]["Entrypoint"]


# --- a shell ----------------------------------------------------------------------------------------------------------


@WITH_BUSYBOX
def test_busybox_is_taken_as_it_is(tmp_path):
    """The program's bytes are in the image, and each command is a link to it."""
    image = recipes.busybox(BUSYBOX)
    files = files_of(image)
    assert BUSYBOX.read_bytes() == files["bin/busybox"]
    links = {name for name, content in files.items() if content == b"-> busybox"}
    assert {"bin/sh", "bin/wget", "bin/httpd"} <= links
    assert HERE == image.platform.architecture
    offered = said_by(BUSYBOX, "--list")[0].split()
    assert [] == [link for link in links if link.removeprefix("bin/") not in offered]


# --- Podman -----------------------------------------------------------------------------------------------------------


CANNOT_START = ("OCI permission denied", "cgroup", "storage graph driver")


@pytest.fixture
def podman(tmp_path):
    """Run an image in Podman, with a storage of its own, and return what it wrote and its status."""
    layout, settings = tmp_path / "layout", tmp_path / "containers.conf"
    # Without limits of its own: in a container or a small virtual machine Podman may not raise any.
    settings.write_text("[containers]\ndefault_ulimits = []\n", encoding="utf-8")
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    with tempfile.TemporaryDirectory() as short:  # Podman takes no runroot of more than 50 characters
        storage = ["--root", str(tmp_path / "root"), "--runroot", short, "--storage-driver", "vfs"]

        def run(image, *command):
            oci.write_layout(layout, image, tag="it")
            options = ["--quiet", "--rm", "--network", "none", "--ulimit", "host"]
            done = subprocess.run(
                [
                    PODMAN,
                    *runtime,
                    *storage,
                    "--cgroup-manager",
                    "cgroupfs",
                    "run",
                    *options,
                    f"oci:{layout}:it",
                    *command,
                ],
                env=os.environ | {"CONTAINERS_CONF": str(settings)},
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            if any(words in done.stderr for words in CANNOT_START):
                pytest.skip(f"Podman cannot start any container here: {done.stderr.strip().splitlines()[-1]}")
            return done.stdout, done.stderr, done.returncode

        yield run


@WITH_PODMAN
def test_podman_runs_the_sentence(podman):
    """A real container runtime unpacks our layers, checks our digests and starts our program."""
    assert ("Hello from a container\n", "", 0) == podman(recipes.runnable(architecture=HERE))


@WITH_PODMAN
@WITH_BUSYBOX
def test_podman_runs_the_shell(podman):
    """The links work, and the environment of the config is there."""
    assert ("/bin\n", "", 0) == podman(recipes.busybox(BUSYBOX), "sh", "-c", "echo $PATH")


# --- what is refused --------------------------------------------------------------------------------------------------


def beginning(machine, *segments):
    """The headers of a 64-bit program with segments of these kinds."""
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    return identity + header + b"".join(struct.pack("<I", kind).ljust(56, b"\0") for kind in segments)


BAD_PROGRAMS = {
    "a_script": (b"#!/bin/sh\n", "it is no 64-bit Linux program for amd64 or arm64; take a static busybox"),
    "nothing": (b"", "it is no 64-bit Linux program for amd64 or arm64; take a static busybox"),
    "another_processor": (
        beginning(243, 1),
        "it is no 64-bit Linux program for amd64 or arm64; take a static busybox",
    ),
    "needs_libraries": (beginning(62, 6, 3, 1), "it needs libraries of its system; take a statically linked one"),
}


@pytest.mark.parametrize(("content", "words"), BAD_PROGRAMS.values(), ids=BAD_PROGRAMS)
def test_error_program(tmp_path, content, words):
    """A file that would not start alone in an image is refused before it is in one."""
    with pytest.raises(InvalidInput) as caught:
        recipes.busybox(written(tmp_path, content))
    assert f"program 'program': {words}" == str(caught.value)


def test_error_program_missing():
    """Where there is none, the message names the package that brings one."""
    with pytest.raises(InvalidInput) as caught:
        recipes.busybox("no/such/busybox")
    assert "program 'no/such/busybox': it is not there, or not a file; install busybox-static" == str(caught.value)


BAD_RUNNABLE = {
    "architecture": (
        {"architecture": "riscv64"},
        "architecture 'riscv64': there is no recipe for it; use amd64 or arm64",
    ),
    "no_text": ({"message": b"Hello"}, "message: it is no text of 1 to 4,096 bytes; write a sentence"),
    "empty": ({"message": ""}, "message: it is no text of 1 to 4,096 bytes; write a sentence"),
    "too_long": ({"message": "ü" * 2049}, "message: it is no text of 1 to 4,096 bytes; write a sentence"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD_RUNNABLE.values(), ids=BAD_RUNNABLE)
def test_error_runnable(arguments, message):
    """A sentence that does not fit is refused in one line."""
    with pytest.raises(InvalidInput) as caught:
        recipes.runnable(**arguments)
    assert message == str(caught.value)
