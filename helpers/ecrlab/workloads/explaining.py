"""A pasted error of a pull, a push or a login to its cause: with the words that say so, the reason and the way out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.errors import InvalidInput
from ecrlab.workloads.error_signs import Sign, cleaned, details_in, folded, parse_sign

__all__ = ["Cause", "Explanation", "explain_error"]


class Cause(Enum):
    """Why a pull, a push or a login failed; the order says which one counts when a text speaks of several."""

    RATE_LIMITED_UPSTREAM = "rate limited upstream"
    DISK_FULL = "disk full"
    EXEC_FORMAT = "exec format"
    PLATFORM_MISMATCH = "platform mismatch"
    KMS_DENIED = "KMS denied"
    SECRETS_DENIED = "secrets denied"
    TAG_IMMUTABLE = "tag immutable"
    TOKEN_EXPIRED = "token expired"
    AWS_CREDENTIALS = "AWS credentials"
    ENDPOINT_POLICY = "endpoint policy"
    EXPLICIT_DENY = "explicit deny"
    REPOSITORY_POLICY = "repository policy"
    ACCESS_DENIED = "access denied"
    HOST_TWICE = "host twice"
    REPOSITORY_MISSING = "repository missing"
    REPOSITORY_EXISTS = "repository exists"
    IMAGE_ARCHIVED = "image archived"
    POLICY_MISSING = "policy missing"
    EMPTY_PASSWORD = "empty password"
    CREDENTIAL_STORE_LIMIT = "credential store limit"
    HELPER_TAKES_NO_LOGIN = "helper takes no login"
    NO_CREDENTIALS = "no credentials"
    WRONG_REGISTRY = "wrong registry"
    S3_BLOCKED = "S3 blocked"
    NAME_NOT_RESOLVED = "name not resolved"
    CERTIFICATE = "certificate"
    NO_ROUTE = "no route"
    LAYER_MISSING = "layer missing"
    BUILD_CACHE = "build cache"
    INDEX_REFUSED = "index refused"
    TOO_LARGE = "too large"
    MANIFEST_INVALID = "manifest invalid"
    NOT_OFFERED = "not offered"
    BAD_REFERENCE = "bad reference"
    TAG_MISSING = "tag missing"
    NEVER_PULLED = "never pulled"
    THROTTLED = "throttled"
    QUOTA = "quota"
    BACKING_OFF = "backing off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(ShownAs):
    """What is behind an error text.

    Args:
        cause: The cause.
        evidence: The words of the text that say so; empty if nothing does.
        title: The cause in a few words.
        why: What happened, in a few sentences.
        fix: What to do, step by step.
        sources: Where this can be read.
        details: What the text says about the call: who asked, for what, on what.
        also: Other causes that the text speaks of, with the words that say so.
    """

    cause: Cause
    evidence: str
    title: str
    why: str
    fix: tuple[str, ...]
    sources: tuple[str, ...]
    details: tuple[tuple[str, str], ...] = ()
    also: tuple[tuple[Cause, str], ...] = ()

    def _shown(self) -> Card:
        facts = [("the text says", f"`{_shortened(self.evidence)}`")] if self.evidence else []
        facts += [(label, f"`{value}`") for label, value in self.details]
        facts += [("it also says", f"`{_shortened(words)}` ({cause.value})") for cause, words in self.also]
        steps = [f"{number}. {step}" for number, step in enumerate(self.fix, start=1)]
        read = "Read more: " + " ".join(self.sources)
        tone = Tone.HINT if self.cause is Cause.UNKNOWN else Tone.BAD
        return Card(self.title, facts, (self.why, *steps, read), tone=tone)


def explain_error(text: str) -> Explanation:
    """Explain an error text as it was pasted: one line or a whole log, with colours, or an event in JSON.

    Args:
        text: What ECS, Kubernetes, Lambda, Docker or the AWS CLI said.

    Returns:
        The cause; ``Cause.UNKNOWN``, with what to collect, if the text does not tell.

    Raises:
        InvalidInput: It is no text.
    """
    if not isinstance(text, str):
        raise InvalidInput("error text", f"{type(text).__name__} is no text", "hand over what was printed, as a string")
    line = cleaned(text)
    found = sorted(_signs_in(folded(line)), key=lambda hit: hit.sign.is_weak)
    if not found:
        return _explanation(_read()[Cause.UNKNOWN], "", "", (), ())
    first = found[0]
    others = {hit.entry.cause: line[hit.start : hit.end] for hit in reversed(found) if not hit.sign.is_weak}
    for cause in (first.entry.cause, *first.entry.covers):
        others.pop(cause, None)
    evidence = line[first.start : first.end]
    also = tuple(sorted(others.items(), key=lambda entry: list(Cause).index(entry[0])))
    return _explanation(first.entry, evidence, first.sign.says, tuple(details_in(line)), also)


@dataclass(frozen=True, slots=True)
class _KnownSign:
    """A sign, what just it means, and whether it counts only where nothing else is told."""

    sign: Sign
    says: str
    is_weak: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """What there is to say about one cause."""

    cause: Cause
    title: str
    why: str
    fix: tuple[str, ...]
    sources: tuple[str, ...]
    covers: tuple[Cause, ...]
    signs: tuple[_KnownSign, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A sign that was found, and where."""

    entry: _Entry
    sign: _KnownSign
    start: int
    end: int


@cache
def _read() -> dict[Cause, _Entry]:
    rows = tomllib.loads(files("ecrlab.workloads").joinpath("explanations.toml").read_text("utf-8"))["cause"]
    entries = [
        _Entry(
            Cause[row["id"]],
            row["title"],
            row["why"],
            tuple(row["fix"]),
            tuple(row["sources"]),
            tuple(Cause[name] for name in row.get("covers", ())),
            tuple(
                _KnownSign(
                    parse_sign(sign["words"], only_plain_names=sign.get("plain", False)),
                    sign.get("says", ""),
                    sign.get("weak", False),
                )
                for sign in row["signs"]
            ),
        )
        for row in rows
    ]
    return {entry.cause: entry for entry in entries}


def _signs_in(text: str) -> Iterator[_Hit]:
    """Yield what is found in a folded text, in the order of the causes."""
    for entry in _read().values():
        for known in entry.signs:
            place = known.sign.find(text)
            if place is not None:
                yield _Hit(entry, known, *place)


def _explanation(
    entry: _Entry,
    evidence: str,
    says: str,
    details: tuple[tuple[str, str], ...],
    also: tuple[tuple[Cause, str], ...],
) -> Explanation:
    why = f"{entry.why} {says}".rstrip()
    return Explanation(entry.cause, evidence, entry.title, why, entry.fix, entry.sources, details, also)


def _shortened(words: str, limit: int = 240) -> str:
    return words if len(words) <= limit else f"{words[: limit - 1]}…"
