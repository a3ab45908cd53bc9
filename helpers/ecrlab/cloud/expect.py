"""Failures on purpose: a notebook shows an error, and how to read it, without stopping there."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ecrlab.cards import Card, ShownAs, Tone
from ecrlab.cloud.translate import refusal_of, way_out_of
from ecrlab.errors import AwsCallError, EcrLabError, InvalidInput, PlannedFailureMissing, RegistryError

__all__ = ["PlannedFailure", "expect_error"]


def expect_error(expected: str | type[Exception] | None = None) -> PlannedFailure:
    """Run a block that must fail, and keep the failure as a value that shows itself.

    Args:
        expected: AWS's error code (``"RepositoryNotFoundException"``), the name of botocore's exception
            (``"ParamValidationError"``), or an exception class. ``None``: whatever AWS or the kit refuses.

    Returns:
        A context manager; afterwards it has ``code``, ``message``, ``operation`` and ``error``, and displays as a card.

    Raises:
        PlannedFailureMissing: Nothing failed, or something else did.
        InvalidInput: ``expected`` is neither a code nor an exception class.

    Example::

        with expect_error("RepositoryNotFoundException") as failure:
            ecr.describe_images(repositoryName="nope")
        failure
    """
    return PlannedFailure(expected)


class PlannedFailure(ShownAs):
    """A block that is expected to fail, and then the failure itself."""

    def __init__(self, expected: str | type[Exception] | None) -> None:
        is_class = isinstance(expected, type) and issubclass(expected, Exception)
        if not (expected is None or is_class or (isinstance(expected, str) and expected.strip())):
            raise InvalidInput(
                f"expect_error({expected!r})",
                "that is neither an error code nor an exception class",
                'write a code of AWS in quotes, e.g. "RepositoryNotFoundException"',
            )
        self._expected = expected
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            raise PlannedFailureMissing(
                "expect_error", f"{self._wanted()} was expected and nothing failed", "make the call inside the block"
            )
        if not isinstance(error, Exception):
            return False  # KeyboardInterrupt and its like are nobody's plan
        if not self._fits(error):
            code, message = refusal_of(error) or (type(error).__name__, str(error))
            raise PlannedFailureMissing(
                "expect_error",
                f"{self._wanted()} was expected and {code} came: {' '.join(message.split()).rstrip('.')}",
                "correct the call, or expect that error",
            ) from error
        self._error = error.with_traceback(None)  # a kept traceback would keep the cell's variables alive
        return True

    def _wanted(self) -> str:
        if self._expected is None:
            return "an error"
        return self._expected if isinstance(self._expected, str) else self._expected.__name__

    def _fits(self, error: Exception) -> bool:
        refusal = refusal_of(error)
        if self._expected is None:
            return refusal is not None or isinstance(error, EcrLabError)
        if isinstance(self._expected, str):
            names = {kind.__name__ for kind in type(error).__mro__}
            return self._expected in names or (refusal is not None and self._expected == refusal[0])
        return isinstance(error, self._expected)

    @property
    def error(self) -> Exception:
        """The exception itself.

        Raises:
            PlannedFailureMissing: The block has not run yet.
        """
        if self._error is None:
            raise PlannedFailureMissing(
                "expect_error", "its block has not run", "use it as `with expect_error(…) as failure:`"
            )
        return self._error

    @property
    def code(self) -> str:
        """AWS's error code, or the name of the exception's class if AWS did not answer."""
        return (refusal_of(self.error) or (type(self.error).__name__, ""))[0]

    @property
    def message(self) -> str:
        """The full text of the error."""
        return (refusal_of(self.error) or ("", str(self.error)))[1]

    @property
    def operation(self) -> str | None:
        """AWS's name of the call, or ``None`` if the error did not come from one that was sent."""
        name = getattr(self.error, "operation_name", None) or getattr(self.error, "operation", None)
        return str(name) if name else None

    def card(self) -> Card:
        """Return the failure as a card: who refused what, and AWS's words."""
        answered = isinstance(self.error, AwsCallError) or hasattr(self.error, "operation_name")
        # A push or a pull is many calls: some may have been answered before the one that ended it.
        unsent = "Refused" if isinstance(self.error, RegistryError) else "Refused before anything was sent"
        who = "AWS refused" if answered else unsent
        facts = [("Code" if answered else "Error", self.code)]
        facts += [("Operation", self.operation)] if self.operation else []
        facts += [("Message", " ".join(self.message.split()))]
        facts += [("Way out", way_out_of(self.error, self.code))] if refusal_of(self.error) else []
        return Card(f"{who}: {self.code}", facts=facts, tone=Tone.BAD)

    def _shown(self) -> Card:
        """Return the failure as a card, or what is expected while it has not come."""
        if self._error is None:
            return Card(f"{self._wanted()} is expected", body=["Its block has not run."], tone=Tone.WAITING)
        return self.card()
