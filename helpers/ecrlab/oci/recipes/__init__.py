"""Recipes for images that a scanner takes for real and that weigh a few kilobytes.

Each holds the files in which real images say what is installed: the databases of dpkg and apk, the metadata of
Python and npm packages, jars with their ``pom.properties``. The programs are left out, but for
:func:`runnable` and :func:`busybox`, which run. The same arguments give the same digest everywhere.

debian ──┬── python_app        an application stands on the layers of its base, so that
alpine ──┼── node_app          mending the base once mends all that stand on it
         └── java_app
"""

from __future__ import annotations

from ecrlab.oci.recipes.java import java_app
from ecrlab.oci.recipes.lab_images import LAB_IMAGES, lab_image, multi_platform
from ecrlab.oci.recipes.node import node_app
from ecrlab.oci.recipes.programs import busybox, runnable
from ecrlab.oci.recipes.python import python_app
from ecrlab.oci.recipes.systems import alpine, debian, install

__all__ = [
    "LAB_IMAGES",
    "alpine",
    "busybox",
    "debian",
    "install",
    "java_app",
    "lab_image",
    "multi_platform",
    "node_app",
    "python_app",
    "runnable",
]
