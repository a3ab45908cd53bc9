"""Package URLs: one spelling for packages of every kind, for bills of materials and other tools.

Source: package-url/purl-spec, PURL-SPECIFICATION.rst (what is percent-encoded: all but letters, digits, ``.-_~`` and
the colon) and PURL-TYPES.rst (deb, apk, rpm, pypi, npm, maven; those of a distribution with ``arch`` and ``distro``).
"""

from __future__ import annotations

from urllib.parse import quote

from ecrlab.scan.package import Manager, Package, System

__all__ = ["package_url"]

_TYPES: dict[Manager, str] = {
    "dpkg": "deb",
    "apk": "apk",
    "rpm": "rpm",
    "pip": "pypi",
    "npm": "npm",
    "maven": "maven",
}


def package_url(package: Package, system: System | None) -> str:
    """Write a package as a purl: ``pkg:deb/debian/libssl3@3.0.9-1?arch=amd64&distro=debian-12``.

    Args:
        package: What is installed.
        system: What it is installed in; only packages of the system name it.
    """
    namespace, name = _parts(package, system)
    version = package.version
    qualifiers = {}
    if package.belongs_to_system:
        qualifiers["arch"] = package.architecture
        qualifiers["distro"] = f"{system.id}-{system.version_id}".rstrip("-") if system else ""
        if package.manager == "rpm" and ":" in version:  # an rpm's epoch is a qualifier of its own
            qualifiers["epoch"], _, version = version.partition(":")
        if package.source != package.name:
            qualifiers["upstream"] = package.source
    path = "".join(f"{_encoded(part)}/" for part in namespace.split("/") if part)
    query = "&".join(f"{key}={_encoded(value)}" for key, value in sorted(qualifiers.items()) if value)
    url = f"pkg:{_TYPES[package.manager]}/{path}{_encoded(name)}@{_encoded(version)}"
    return f"{url}?{query}" if query else url


def _parts(package: Package, system: System | None) -> tuple[str, str]:
    """Part a name into namespace and name, as its type has them."""
    if package.belongs_to_system:
        return (system.id if system else ""), package.name
    if package.manager == "npm" and package.name.startswith("@"):
        scope, _, name = package.name.partition("/")
        return scope, name
    if package.manager == "maven":
        group, _, artifact = package.name.rpartition(":")
        return group, artifact
    return "", package.name


def _encoded(text: str) -> str:
    return quote(text, safe=":")
