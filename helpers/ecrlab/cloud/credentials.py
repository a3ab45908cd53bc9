"""The environment of a process while a Mode Mock lab is open: nothing real in it, and all of it put back.

The lab's own clients carry fixed keys and never look here. This is for everything else that would: a learner's
own ``boto3.client()``, and programs that a cell starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

__all__ = ["FAKE_ACCESS_KEY_ID", "FAKE_KEYS", "FAKE_SECRET_ACCESS_KEY", "fenced"]

FAKE_ACCESS_KEY_ID = "AKIAECRLABEXAMPLE000"
"""Has the shape of an access key id, so that signatures look as they do on AWS; AWS would not know it."""

FAKE_SECRET_ACCESS_KEY = "ecrlab/not-a-secret/EXAMPLEKEY/0000000000"

FAKE_KEYS = {"AWS_ACCESS_KEY_ID": FAKE_ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": FAKE_SECRET_ACCESS_KEY}
"""The fake credentials as environment variables."""

_KEPT = frozenset({"AWS_CA_BUNDLE"})
_REMOVED_PREFIXES = ("AWS_", "BOTO_", "MOTO_")
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def _is_removed(name: str) -> bool:
    # A proxy often listens on loopback, where the guard lets connections pass, and would carry them out.
    return (name.startswith(_REMOVED_PREFIXES) and name not in _KEPT) or name.lower() in _PROXIES


def _replacements(region: str) -> dict[str, str]:
    return {
        **FAKE_KEYS,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOTO_CONFIG": os.devnull,
        "NO_PROXY": "*",  # also keeps proxies away that the operating system knows of
        "no_proxy": "*",
    }


@contextmanager
def fenced(environ: MutableMapping[str, str], region: str) -> Iterator[None]:
    """Take every AWS variable and proxy out of ``environ``, put fakes in, and restore it exactly afterwards.

    Variables for TLS certificates stay. What others set meanwhile under other names stays, too.
    """
    replacements = _replacements(region)
    touched = {name for name in environ if _is_removed(name)} | set(replacements)
    before = {name: environ.get(name) for name in touched}
    try:
        for name in touched:
            environ.pop(name, None)
        environ.update(replacements)
        yield
    finally:
        for name, value in before.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value
