"""Every error names place, fact and way out in one line, and survives a trip to another process."""

from __future__ import annotations

import pickle

import pytest
from ecrlab import errors
from ecrlab.errors import AwsCallError, EcrLabError, Fault, InvalidPolicy

CLASSES = [getattr(errors, name) for name in errors.__all__ if name != "Fault"]


def made(kind: type[EcrLabError]) -> EcrLabError:
    """Make an error of a kind."""
    if kind is AwsCallError:
        return AwsCallError("PutImage", "team/api", "ImageAlreadyExistsException", "it is there", "use another tag")
    return kind("repository 'API'", "capitals are not allowed", "try 'api'")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_one_line(kind):
    """place: fact; way out."""
    error = made(kind)
    assert f"{error.place}: {error.fact}; {error.way_out}" == str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_can_be_sent(kind):
    """Pickled and read again, an error says the same and knows the same."""
    error = made(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))


def test_the_call_that_failed_is_known():
    """AWS's code, operation and message can be asked for."""
    error = made(AwsCallError)
    assert "PutImage on team/api: ImageAlreadyExistsException: it is there; use another tag" == str(error)
    assert ("PutImage", "team/api", "ImageAlreadyExistsException", "it is there") == (
        error.operation,
        error.subject,
        error.code,
        error.message,
    )


BUILT_IN = {
    "InvalidInput": ValueError,
    "InvalidName": ValueError,
    "NetworkRefused": OSError,
    "PlannedFailureMissing": AssertionError,
}


@pytest.mark.parametrize(("name", "base"), BUILT_IN.items(), ids=BUILT_IN)
def test_what_python_would_raise_catches_ours(name, base):
    """Code that knows only Python's exceptions catches ours as well."""
    assert issubclass(getattr(errors, name), (EcrLabError, base))
    with pytest.raises(base, match="capitals"):
        raise made(getattr(errors, name))


def test_the_tree_in_the_docstring_is_the_tree():
    """The drawing at the head of the module names exactly the classes there are."""
    raised = {cls.__name__ for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, Exception)}
    drawn = {word for word in errors.__doc__.replace("(", " ").split() if word in raised}
    assert raised == drawn == set(errors.__all__) - {"Fault"}


def test_an_invalid_policy_keeps_every_fault():
    """The text names the first fault and counts the others; ``faults`` has them all, also after a trip."""
    faults = [
        Fault("rules[0]", "has no action", "add one"),
        Fault("rules[1]", "has priority 1 again", "give it a priority of its own"),
    ]
    error = InvalidPolicy.of(faults)
    assert "rules[0]: has no action; add one (and 1 more)" == str(error)
    assert tuple(faults) == error.faults == pickle.loads(pickle.dumps(error)).faults
    assert "rules[1]: has priority 1 again; give it a priority of its own" == str(error.faults[1])
