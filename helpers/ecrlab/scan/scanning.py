"""From an image to a report in one step."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime

from ecrlab.naming import Digest
from ecrlab.oci import Image
from ecrlab.scan.advisories import Advisories, load
from ecrlab.scan.inventory import read_image
from ecrlab.scan.layer import LayerContents
from ecrlab.scan.matching import match
from ecrlab.scan.report import Report

__all__ = ["scan"]


def scan(
    image: Image,
    *,
    advisories: Advisories | None = None,
    cache: MutableMapping[Digest, LayerContents] | None = None,
    now: datetime | None = None,
) -> Report:
    """List what is installed in an image and compare it with what is known.

    Args:
        image: One image; of an index, ``pick`` a platform first.
        advisories: What is known; by default what comes with the kit.
        cache: What layers say, by digest. Handed over again, it spares reading layers that images share.
        now: Decides whether AWS still supports the system; see ``support_of``.
    """
    return match(read_image(image, cache=cache), load() if advisories is None else advisories, now=now)
