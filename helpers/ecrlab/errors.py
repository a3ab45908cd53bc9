"""Every error the kit raises on purpose, as one tree.

EcrLabError
├── InvalidInput (also ValueError)   what was handed over cannot be right
│   ├── InvalidName                  a registry, repository, tag, digest or reference that does not parse
│   ├── InvalidImage                 a manifest, config, layer or layout that contradicts itself
│   ├── InvalidPolicy                a policy document that AWS would not accept, with every fault in it
│   ├── InvalidDocument              a task definition or a manifest that cannot be read
│   └── InvalidExercise              course content that an author has not finished
├── LabError                         the session cannot do this
│   ├── NoOpenLab                    nothing is open
│   ├── NetworkRefused (also OSError)  Mode Mock let no connection out
│   ├── AccountMismatch              the account is not the one that was named
│   └── PlannedFailureMissing (also AssertionError)  a block that had to fail did not, or failed otherwise
├── RegistryError                    a push, pull or login that did not work
│   ├── LayerChanged                 the bytes moved while they were read
│   └── CredentialsExpired           a login token past its twelve hours
├── CourseError                      the course cannot answer
│   ├── UnknownExercise
│   └── ProgressUnreadable           a progress file that this version must not touch
└── AwsCallError                     AWS (or the emulator) refused a call; ``__cause__`` keeps botocore's error

Each carries three facts, and its text is one line: *place*: *fact*; *way out*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

__all__ = [
    "AccountMismatch",
    "AwsCallError",
    "CourseError",
    "CredentialsExpired",
    "EcrLabError",
    "Fault",
    "InvalidDocument",
    "InvalidExercise",
    "InvalidImage",
    "InvalidInput",
    "InvalidName",
    "InvalidPolicy",
    "LabError",
    "LayerChanged",
    "NetworkRefused",
    "NoOpenLab",
    "PlannedFailureMissing",
    "ProgressUnreadable",
    "RegistryError",
    "UnknownExercise",
]


class EcrLabError(Exception):
    """Something the kit can explain.

    Args:
        place: Where it happened, as the reader would point at it: ``repository 'Team/API'``.
        fact: What is the case there, with the offending input quoted.
        way_out: What to do next, as an instruction.
    """

    def __init__(self, place: str, fact: str, way_out: str) -> None:
        super().__init__(place, fact, way_out)
        self.place = place
        self.fact = fact
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.place}: {self.fact}; {self.way_out}"


class InvalidInput(EcrLabError, ValueError):
    """What was handed over cannot be right, whatever the state of the registry."""


class InvalidName(InvalidInput):
    """A registry host, repository name, tag, digest, reference or ARN that does not parse."""


class InvalidImage(InvalidInput):
    """A manifest, config, layer or layout folder that contradicts itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a document: where (``rules[0].selection``), what is the case, and what to do."""

    place: str
    fact: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.place}: {self.fact}; {self.way_out}"


class InvalidPolicy(InvalidInput):
    """A policy document that AWS would not accept; ``faults`` has everything that is wrong with it, at least one."""

    def __init__(self, place: str, fact: str, way_out: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(place, fact, way_out)
        self.faults = tuple(faults) or (Fault(place, fact, way_out),)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """Make the error from all faults of a document; its text names the first and counts the others."""
        first, more = faults[0], len(faults) - 1
        return cls(first.place, first.fact, first.way_out + (f" (and {more} more)" if more else ""), faults)

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str, tuple[Fault, ...]]]:
        return type(self), (self.place, self.fact, self.way_out, self.faults)


class InvalidDocument(InvalidInput):
    """A task definition or a manifest that is not JSON or YAML, or lacks what makes it one."""


class InvalidExercise(InvalidInput):
    """An exercise or a quiz whose author has not finished it."""


class LabError(EcrLabError):
    """The session cannot do what was asked."""


class NoOpenLab(LabError):
    """A call that needs an open lab came before ``open_lab()`` or after ``close()``."""


class NetworkRefused(LabError, OSError):
    """A connection was about to leave the machine in Mode Mock."""


class AccountMismatch(LabError):
    """The account that answered is not the one that the learner named."""


class PlannedFailureMissing(LabError, AssertionError):
    """A block under ``expect_error`` did not fail, or failed in another way."""


class RegistryError(EcrLabError):
    """A push, a pull or a login did not work."""


class LayerChanged(RegistryError):
    """The bytes of a layer were not the same when they were read again."""


class CredentialsExpired(RegistryError):
    """A login token is older than its twelve hours."""


class CourseError(EcrLabError):
    """The course cannot answer."""


class UnknownExercise(CourseError):
    """No lab or quiz has this id."""


class ProgressUnreadable(CourseError):
    """A progress file that this version must not write to."""


class AwsCallError(EcrLabError):
    """AWS, or the emulator in its place, refused a call.

    ``code`` is AWS's error code, ``operation`` its operation; botocore's exception is the ``__cause__``.
    """

    def __init__(self, operation: str, subject: str, code: str, message: str, way_out: str) -> None:
        super().__init__(f"{operation} on {subject}", f"{code}: {message}", way_out)
        self.operation = operation
        self.subject = subject
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[AwsCallError], tuple[str, str, str, str, str]]:
        return type(self), (self.operation, self.subject, self.code, self.message, self.way_out)
