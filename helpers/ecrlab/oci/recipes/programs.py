"""Images that really run: one that says a sentence, and one with a shell from a given program."""

from __future__ import annotations

from pathlib import Path

from ecrlab.errors import InvalidInput
from ecrlab.oci.archive import File
from ecrlab.oci.build import image, layer
from ecrlab.oci.image import Image
from ecrlab.oci.recipes.elf import architecture_of, needs_loader, speaking_program
from ecrlab.oci.recipes.stacking import VARIANTS

__all__ = ["busybox", "runnable"]

_LONGEST = 4096
_PATH = "PATH=/bin"
# The applets that lessons use; busybox knows by the name it is called which one to be.
_APPLETS = ("cat", "echo", "env", "httpd", "id", "ls", "nslookup", "ping", "ps", "sh", "sleep", "uname", "wget")


def runnable(message: str = "Hello from a container\n", *, architecture: str = "amd64") -> Image:
    """Build an image with nothing in it but a static program of some 200 bytes that says a sentence and ends.

    It runs wherever Linux containers run: Docker, Podman, containerd, ECS, EKS. The one for another processor
    fails with *exec format error*, as every image for the wrong platform does.

    Args:
        message: What the program writes, up to 4 KiB as UTF-8.
        architecture: ``amd64`` or ``arm64``.

    Raises:
        InvalidInput: Another architecture, or a message that is empty, too long or no text.
    """
    if architecture not in ("amd64", "arm64"):
        raise InvalidInput(f"architecture {architecture!r}", "there is no recipe for it", "use amd64 or arm64")
    # A lone surrogate has no bytes in UTF-8 and becomes a question mark.
    sentence = message.encode(errors="replace") if isinstance(message, str) else b""
    if not 0 < len(sentence) <= _LONGEST:
        raise InvalidInput("message", "it is no text of 1 to 4,096 bytes", "write a sentence")
    program = File(speaking_program(sentence, architecture), 0o755)
    return image(
        layer({"hello": program}),
        architecture=architecture,
        variant=VARIANTS.get(architecture),
        config={"Entrypoint": ["/hello"]},
    )


def busybox(program: Path | str) -> Image:
    """Build an image with a shell and a dozen commands, all in one static program from this machine.

    Debian and Ubuntu have that program in the package ``busybox-static``, as ``/bin/busybox``. The digest follows
    from its bytes, and so is another one for each version of it.

    Args:
        program: The file; its architecture becomes the image's.

    Raises:
        InvalidInput: No file, no 64-bit program for amd64 or arm64, or one that needs libraries.
    """
    path = Path(program)
    if not path.is_file():
        raise InvalidInput(f"program {str(program)!r}", "it is not there, or not a file", "install busybox-static")
    content = path.read_bytes()
    architecture = architecture_of(content)
    if architecture is None:
        raise InvalidInput(
            f"program {path.name!r}", "it is no 64-bit Linux program for amd64 or arm64", "take a static busybox"
        )
    if needs_loader(content):
        raise InvalidInput(f"program {path.name!r}", "it needs libraries of its system", "take a statically linked one")
    contents: dict[str, File | str] = {
        "bin/busybox": File(content, 0o755),
        "etc/passwd": "root:x:0:0:root:/:/bin/sh\n",
        "tmp/": File(mode=0o1777),
        **{f"bin/{applet}": File(link_to="busybox") for applet in _APPLETS},
    }
    return image(
        layer(contents),
        architecture=architecture,
        variant=VARIANTS.get(architecture),
        config={"Env": [_PATH], "Cmd": ["/bin/sh"]},
    )
