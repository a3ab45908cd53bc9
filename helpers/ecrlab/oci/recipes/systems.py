"""Base images of two distributions: what the system says it is, and the database of its packages."""

from __future__ import annotations

from collections.abc import Mapping

from ecrlab.errors import InvalidInput
from ecrlab.oci.archive import File
from ecrlab.oci.build import append, image, layer
from ecrlab.oci.image import Image
from ecrlab.oci.recipes.databases import APK, DPKG, either, known_of
from ecrlab.oci.recipes.stacking import VARIANTS, expect_image, file_in

__all__ = ["alpine", "debian", "install"]

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def debian(packages: Mapping[str, str], release: int | str = 12, *, architecture: str = "amd64") -> Image:
    """Build a base image of Debian with one layer.

    Args:
        packages: Source packages and their versions; the usual binary packages of each are recorded:
            ``{"openssl": "3.0.9-1"}`` gives ``openssl`` and ``libssl3``.
        release: 11, 12 or 13.
        architecture: ``amd64`` or ``arm64``.

    Raises:
        InvalidInput: Another release or architecture, or a name or version that Debian does not have.

    Source: os-release(5); base-files of Debian 12 for the fields.
    """
    codenames = known_of("debian")["codenames"]
    if str(release) not in codenames:
        raise InvalidInput(f"release {release!r}", "there is no recipe for it", f"use {either(codenames)}")
    title = f"{release} ({codenames[str(release)]})"
    system = {
        "PRETTY_NAME": f'"Debian GNU/Linux {title}"',
        "NAME": '"Debian GNU/Linux"',
        "VERSION_ID": f'"{release}"',
        "VERSION": f'"{title}"',
        "VERSION_CODENAME": codenames[str(release)],
        "ID": "debian",
        "HOME_URL": '"https://www.debian.org/"',
    }
    content = {"etc/debian_version": f"{release}.0\n", DPKG.path: DPKG.written(packages, architecture)}
    return _base(system, content, architecture, "/bin/bash")


def alpine(packages: Mapping[str, str], release: str = "3.18", *, architecture: str = "amd64") -> Image:
    """Build a base image of Alpine with one layer.

    Args:
        packages: Origin packages and their versions: ``{"openssl": "3.1.0-r0"}`` gives ``libcrypto3``, ``libssl3``
            and ``openssl``.
        release: Two numbers, ``3.18``.
        architecture: ``amd64`` or ``arm64``.

    Raises:
        InvalidInput: Another kind of release, another architecture, or a name or version that Alpine does not have.

    Source: os-release(5).
    """
    numbers = release.split(".") if isinstance(release, str) else []
    if len(numbers) != 2 or not all(number.isdecimal() and number.isascii() for number in numbers):
        raise InvalidInput(f"release {release!r}", "it is no release of Alpine", "write two numbers, like '3.18'")
    system = {
        "NAME": '"Alpine Linux"',
        "ID": "alpine",
        "VERSION_ID": f"{release}.0",
        "PRETTY_NAME": f'"Alpine Linux v{release}"',
        "HOME_URL": '"https://alpinelinux.org/"',
    }
    content = {"etc/alpine-release": f"{release}.0\n", APK.path: APK.written(packages, architecture)}
    return _base(system, content, architecture, "/bin/sh")


def install(base: Image, packages: Mapping[str, str]) -> Image:
    """Install or upgrade system packages in a layer of their own, as ``RUN apt-get install`` does.

    The layer holds the whole database again and hides the one below. A binary package that is there already gets
    the new version; one that the new source version no longer gives stays, as it would.

    Args:
        base: An image on Debian or Alpine; its layers are shared with the new image.
        packages: Source packages and versions, as for :func:`debian` and :func:`alpine`.

    Raises:
        InvalidInput: The base has neither database, or a name or version is none.
    """
    expect_image("install", base)
    architecture = base.platform.architecture if base.platform else ""
    for database in (DPKG, APK):
        below = file_in(base, database.path)
        if below is not None:
            return append(base, layer({database.path: database.written(packages, architecture, below.decode())}))
    raise InvalidInput("install", "the base has no package database", "start from recipes.debian or recipes.alpine")


def _base(system: Mapping[str, str], content: Mapping[str, str], architecture: str, shell: str) -> Image:
    described = layer(
        {
            # Real images keep this file below usr/lib and a link in etc: a reader has to follow it.
            "etc/os-release": File(link_to="../usr/lib/os-release"),
            "usr/lib/os-release": "".join(f"{key}={value}\n" for key, value in system.items()),
            "etc/passwd": f"root:x:0:0:root:/root:{shell}\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n",
            **content,
        }
    )
    run = {"Env": [_PATH], "Cmd": [shell]}
    return image(described, architecture=architecture, variant=VARIANTS.get(architecture), config=run)
