"""A Java application: jars that say which Maven artifact they are, beside the application or packed inside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ecrlab.errors import InvalidInput
from ecrlab.oci.build import layer
from ecrlab.oci.image import Image, Layer
from ecrlab.oci.recipes.lab_sets import base_or_default
from ecrlab.oci.recipes.packages import MAVEN
from ecrlab.oci.recipes.stacking import placeholder, stacked

__all__ = ["Packaging", "java_app"]

Packaging = Literal["fat jar", "war", "libraries"]

_RUNTIME = {"opt/java/openjdk/bin/java": placeholder("java")}
_JAVA = ["JAVA_HOME=/opt/java/openjdk"]
_RUN = {
    "fat jar": {"WorkingDir": "/app", "Entrypoint": ["java", "-jar", "/app/shop.jar"], "Cmd": []},
    "libraries": {"WorkingDir": "/app", "Entrypoint": ["java", "-cp", "/app/lib/*:/app/shop.jar", "Shop"], "Cmd": []},
    "war": {"WorkingDir": "/usr/local/tomcat", "Entrypoint": ["bin/catalina.sh"], "Cmd": ["run"]},
}
_MAIN_MANIFEST = "META-INF/MANIFEST.MF"


def java_app(packages: Mapping[str, str], *, base: Image | None = None, packaging: Packaging = "fat jar") -> Image:
    """Build a Java application on a base: the runtime, and the application with its libraries.

    Args:
        packages: Artifacts and versions, ``{"org.apache.commons:commons-text": "1.12.0"}``.
        base: The system below; without one, the rebuilt Debian 12 on amd64.
        packaging: ``fat jar`` packs the libraries into one jar in one layer, as Spring Boot does; ``war`` as a web
            application; ``libraries`` leaves them as files in a layer below the application's.

    Raises:
        InvalidInput: A name or version that Maven would not have, another packaging, or a base that is no image.

    Sources: Apache Maven Archiver, "Content of pom.properties"; Spring Boot, "The executable jar format"; Jakarta
    Servlet specification, directory structure of a web application.
    """
    chosen = MAVEN.checked(packages)
    if packaging not in _RUN:
        raise InvalidInput(
            f"packaging {packaging!r}", "there is no recipe for it", "use 'fat jar', 'war' or 'libraries'"
        )
    below = base_or_default("java_app", base)
    jars = {_file_name(name, version): _library(name, version) for name, version in chosen.items()}
    run = {**_RUN[packaging], "User": "10001:10001", "Env": _JAVA, "ExposedPorts": {"8080/tcp": {}}}
    return stacked(below, layer(_RUNTIME), *_packed(jars, packaging), run=run)


def _packed(jars: Mapping[str, bytes], packaging: Packaging) -> tuple[Layer, ...]:
    if packaging == "libraries":
        libraries = {f"app/lib/{name}": jar for name, jar in jars.items()}
        return layer(libraries), layer({"app/shop.jar": archive({_MAIN_MANIFEST: _manifest("Main-Class: Shop")})})
    if packaging == "war":
        inside = {f"WEB-INF/lib/{name}": jar for name, jar in jars.items()}
        war = archive({_MAIN_MANIFEST: _manifest(), "WEB-INF/web.xml": b"<web-app/>\n", **inside})
        return (layer({"usr/local/tomcat/webapps/ROOT.war": war}),)
    inside = {f"BOOT-INF/lib/{name}": jar for name, jar in jars.items()}
    start = _manifest("Main-Class: org.springframework.boot.loader.launch.JarLauncher", "Start-Class: Shop")
    return (layer({"app/shop.jar": archive({_MAIN_MANIFEST: start, **inside})}),)


def _file_name(name: str, version: str) -> str:
    return f"{name.partition(':')[2]}-{version}.jar"


def _library(name: str, version: str) -> bytes:
    group, _, artifact = name.partition(":")
    properties = f"artifactId={artifact}\ngroupId={group}\nversion={version}\n"
    return archive(
        {_MAIN_MANIFEST: _manifest(), f"META-INF/maven/{group}/{artifact}/pom.properties": properties.encode()}
    )


def _manifest(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("Manifest-Version: 1.0", *lines, "")).encode()


def archive(members: Mapping[str, bytes]) -> bytes:
    """Write a zip archive whose bytes follow from its members alone.

    The members are stored, not deflated, as Spring Boot requires of nested jars; deflate would also differ between
    the zlibs of this world. Dates are the earliest that a zip can hold.
    """
    from io import BytesIO
    from zipfile import ZipFile, ZipInfo  # slow to import, and only jars need it

    stream = BytesIO()
    with ZipFile(stream, "w") as zipped:
        for name, content in members.items():
            entry = ZipInfo(name)  # 1980-01-01
            entry.create_system = 3  # else it is that of the machine
            entry.external_attr = 0o100644 << 16
            zipped.writestr(entry, content)
    return stream.getvalue()
