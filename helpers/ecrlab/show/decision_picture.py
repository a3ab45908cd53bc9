"""``decision``: the layers that had a say in a request, one below the other, with the one that decided marked."""

from __future__ import annotations

from dataclasses import dataclass

from ecrlab.access import Decision, Voice
from ecrlab.cards import Card
from ecrlab.errors import InvalidInput
from ecrlab.show.drawing import LINE, WIDTH, Drawing, frame, line, words, wrapped

__all__ = ["decision"]

_SIGN = {Voice.ALLOWS: "✓", Voice.DENIES: "✗", Voice.SILENT: "–"}
_LEFT = 30
_ROOM = WIDTH - _LEFT - 160
_GAP = 10
_DECIDED = "← decides"


@dataclass(frozen=True, slots=True)
class _Layer:
    """One box: a layer, what it says, and whether that settles the request; dashed if there is no such policy."""

    title: str
    says: str
    decides: bool
    missing: bool = False

    def line(self) -> str:
        return f"  {self.title}: {self.says}" + f"  {_DECIDED}" * self.decides


def decision(made: Decision | Card) -> Drawing:
    """Draw how a request was decided: who asks for what, what each layer says, which one decides, how it ends.

    Args:
        made: What ``access.decide`` returned, or ``lab.why()`` after a refusal.

    Raises:
        InvalidInput: ``made`` is no decision; ``lab.why()`` is none before anything was refused.
    """
    if not isinstance(made, Decision):
        fact = f"a value of type {type(made).__name__} is no decision"
        raise InvalidInput("show.decision", fact, "hand over what access.decide() returned, or lab.why()")
    asks = f"{made.request.principal.words} asks for {made.request.action}"
    ends = f"{_SIGN[Voice.ALLOWS if made.allowed else Voice.DENIES]} {made.outcome.value}"
    layers = _layers(made)
    shapes, height = _drawn(asks, layers, ends)
    return Drawing(
        title=f"{made.request.action}: {made.outcome.value}",
        summary=made.summary,
        lines=(asks, *(layer.line() for layer in layers), ends),
        shapes=shapes,
        height=height,
    )


def _layers(made: Decision) -> list[_Layer]:
    """Return every layer of the trace, and the one whose absence decided."""
    decided_by = made.decided_by
    found = [_Layer(f"{_SIGN[each.voice]} {each.title}", each.words, each.kind is decided_by) for each in made.trace]
    if not any(layer.decides for layer in found):
        found.append(_Layer(f"{_SIGN[Voice.SILENT]} {decided_by.words}", "there is none", decides=True, missing=True))
    return found


def _drawn(asks: str, layers: list[_Layer], ends: str) -> tuple[tuple[str, ...], int]:
    """Draw one box for each layer beside a line that leads from the question to the outcome."""
    shapes, y = [], 2.0
    for text in wrapped(asks, WIDTH - 20):
        y += LINE
        shapes.append(words(4, y, text, style="strong"))
    y += _GAP
    for layer in layers:
        texts = wrapped(layer.says, _ROOM - 20)
        height = LINE * (1 + len(texts)) + 12
        style = ("name" if layer.decides else "box") + " dashed" * layer.missing
        shapes.append(line(14, y, 14, y + height + _GAP))
        shapes.append(frame(_LEFT, y, _ROOM, height, style=style))
        shapes.append(words(_LEFT + 10, y + LINE, layer.title, style="strong"))
        shapes += [words(_LEFT + 10, y + LINE * row, text) for row, text in enumerate(texts, start=2)]
        if layer.decides:
            shapes.append(words(_LEFT + _ROOM + 12, y + height / 2 + 4, _DECIDED, style="strong"))
        y += height + _GAP
    shapes.append(words(4, y + LINE - 4, ends, style="strong"))
    return tuple(shapes), int(y + LINE + 6)
