"""Read one bomb, in a process of its own, and report what that took; run by test_scan_layers.

Usage: bomb_probe.py NAME
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from itertools import chain, repeat

from ecrlab.naming import Digest
from ecrlab.oci.media import OCI_LAYER
from ecrlab.scan import read_layer

MIB = 1024 * 1024
GIB = 1024 * MIB
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in one unit of ru_maxrss


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Write the header of a member that claims a size."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def gzipped(*parts: tuple[bytes, int]) -> Iterator[bytes]:
    """Yield the beginning of a gzip stream: blocks, each so many times, and each compressed only once."""
    yield b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    for block, times in parts:
        packer = zlib.compressobj(9, wbits=-15)
        yield from repeat(packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH), times)


def zipped(entries: dict[str, bytes]) -> bytes:
    """Write a jar."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def as_file(path: str, content: bytes) -> Iterator[bytes]:
    """Yield a plain tar of one file."""
    yield header(path, len(content)) + content + bytes(-len(content) % 512)


def doubled_jar(levels: int) -> bytes:
    """Write a jar with ten copies of a jar with ten copies … of 20 MiB of zeros."""
    content = zipped({"zeros.jar": bytes(20 * MIB)})
    for _ in range(levels):
        content = zipped({f"{n}.jar": content for n in range(10)})
    return content


ZEROS = (bytes(MIB), 40 * 1024)
BOMBS = {
    "no bomb: 170 MiB that no packer makes smaller": lambda: gzipped(
        (header("x.bin", 170 * MIB), 1), (os.urandom(MIB), 170), (bytes(1024), 1)
    ),
    "40 GiB of zeros in a file": lambda: gzipped((header("zeros", 40 * GIB), 1), ZEROS),
    "40 GiB of zeros and nothing else": lambda: gzipped(ZEROS),
    "a jar of 40 GiB": lambda: gzipped((header("x.jar", 40 * GIB), 1), ZEROS),
    "a header of 40 GiB": lambda: gzipped((header("x", 40 * GIB, tarfile.XHDTYPE), 1), ZEROS),
    "a name of 40 GiB": lambda: gzipped((header("x", 40 * GIB, tarfile.GNUTYPE_LONGNAME), 1), (b"x" * MIB, 40 * 1024)),
    "files without end": lambda: gzipped((header("x", 0) * 2048, 40 * 1024)),
    "jars in jars in jars": lambda: as_file("x.jar", doubled_jar(2)),
    "a jar of many files": lambda: as_file("x.jar", b"PK\x01\x02" * 5_000_000),
    "packages without end": lambda: chain(
        [header("var/lib/dpkg/status", 100 * MIB)], repeat(b"Package: a\nVersion: 1\nX: y\n\n" * 37449 + bytes(4), 100)
    ),
}


def peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT


def main(name: str) -> None:
    """Read a bomb and print seconds, MiB of memory beyond those before, and the warnings."""
    stream = BOMBS[name]()
    first = next(stream)  # made before the measuring starts
    before, start = peak(), time.process_time()
    layer = read_layer(chain([first], stream), digest=Digest.of(b""), media_type=OCI_LAYER)
    seconds = time.process_time() - start
    grown = (peak() - before) / MIB
    warnings = [*layer.warnings, *(file.warning for file in layer.package_files if file.warning)]
    json.dump({"seconds": seconds, "mib": grown, "warnings": warnings}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
