"""The lifecycle simulator to click: a form and JSON side by side, a day to choose, and what follows from both.

    form ──► JSON ──► Simulation ──► pictures, tables, sentences
      ◄────────┘ (as far as a form can show what the JSON says)

What is shown comes from `Simulation`, whose page says the same; here are only controls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ipywidgets import (
    HTML,
    BoundedFloatText,
    BoundedIntText,
    Box,
    Button,
    Checkbox,
    Dropdown,
    FileUpload,
    HBox,
    IntSlider,
    Layout,
    Text,
    Textarea,
    VBox,
)

from ecrlab.cards import Card, Tone, html_of, inline_html
from ecrlab.errors import EcrLabError, Fault
from ecrlab.lifecycle import PushPattern, TagStatus
from ecrlab.show.lifecycle_drafts import PATTERNS, PREFIXES, RuleDraft, added, drafts_of, moved, text_of
from ecrlab.show.lifecycle_page import DAYS, Scene, Simulation, fault_card, fetched, moment_of_the_lab

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

__all__ = ["SimulatorWidget", "widget_of"]

_LARGEST_NUMBER = 10**9
_LARGEST_FILE = 1_000_000
"""Bytes; the text of a policy has 30,720 characters at most."""

_STYLE = """<style>
.ecrlab-sim{max-width:1100px}
.ecrlab-sim .ecrlab-figure{max-width:900px}
.ecrlab-sim .ecrlab-rule{border:1px solid var(--jp-border-color2,#ccc);border-radius:4px;padding:4px 8px;margin:0 0 8px}
.ecrlab-sim textarea{font-family:var(--jp-code-font-family,monospace);font-size:12.5px;line-height:1.45;tab-size:2}
.ecrlab-sim .widget-html-content{line-height:1.5;overflow:visible}
.ecrlab-sim .widget-label{min-width:0}
.ecrlab-sim .ecrlab-wide textarea{white-space:pre;overflow:auto}
.ecrlab-sim :focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2);outline-offset:1px}
.ecrlab-sim h4{margin:.9em 0 .2em;color:var(--jp-content-font-color1,inherit);font-size:1.05em}
.ecrlab-sim .ecrlab-fault{color:var(--jp-content-font-color1,inherit);border-left:4px solid
var(--jp-error-color1,#c62828);padding-left:.5em}
.ecrlab-sim .ecrlab-scroll{max-height:28em;overflow:auto}
</style>"""

_STATUSES = [("tagged", "tagged"), ("untagged", "untagged"), ("any, tagged or not", "any")]
_LISTS = [("match all patterns", PATTERNS), ("begin with all of", PREFIXES)]
_CLASSES = [("standard", "standard"), ("archive", "archive")]
_COUNTS = [
    ("beyond the newest … (imageCountMoreThan)", "imageCountMoreThan"),
    ("days since the push (sinceImagePushed)", "sinceImagePushed"),
    ("days since the last pull (sinceImagePulled)", "sinceImagePulled"),
    ("days since archiving (sinceImageTransitioned)", "sinceImageTransitioned"),
]
_ACTIONS = [("expire: delete", "expire"), ("transition: archive", "transition")]


def widget_of(simulation: Simulation, client: ECRClient | None = None, repository: str = "") -> VBox:
    """Return the simulator as one widget.

    Args:
        simulation: What it begins with.
        client: Makes fetching of repositories possible.
        repository: The repository that is offered for fetching.
    """
    return SimulatorWidget(simulation, client, repository).box


def _field(kind: Any, label: str, width: str = "auto", **more: Any) -> Any:
    return kind(description=label, style={"description_width": "initial"}, layout=Layout(width=width), **more)


# --- one rule ---------------------------------------------------------------------------------------------------------


class RuleForm:
    """The fields of one rule.

    Args:
        on_edit: Called when a field was edited.
        on_move: Called with -1 or 1 when the rule shall come earlier or later.
        on_remove: Called when the rule shall go.
    """

    def __init__(
        self, on_edit: Callable[[], None], on_move: Callable[[int], None], on_remove: Callable[[], None]
    ) -> None:
        number: dict[str, Any] = {"min": 0, "max": _LARGEST_NUMBER}
        self.priority = _field(BoundedIntText, "Rule", "120px", **number)
        self.tag_status = _field(Dropdown, "Images", "220px", options=_STATUSES)
        self.list_kind = _field(Dropdown, "Tags", "200px", options=_LISTS)
        self.tags = _field(Text, "Patterns", "260px", placeholder="prod-* stable")
        self.storage_class = _field(Dropdown, "In class", "160px", options=_CLASSES)
        self.count_type = _field(Dropdown, "Limit", "340px", options=_COUNTS)
        self.count_number = _field(BoundedIntText, "Number", "150px", **number)
        self.action = _field(Dropdown, "Action", "220px", options=_ACTIONS)
        self.description = _field(Text, "Description", "330px")
        self.note = HTML()
        earlier, later, remove = (
            Button(description="Earlier"),
            Button(description="Later"),
            Button(description="Remove"),
        )
        for button in (earlier, later, remove):
            button.layout = Layout(width="76px")
        earlier.on_click(lambda _: on_move(-1))
        later.on_click(lambda _: on_move(1))
        remove.on_click(lambda _: on_remove())
        self.buttons = (earlier, later, remove)
        self.tag_fields = _row(self.list_kind, self.tags)
        self.box = VBox(
            [
                _row(self.priority, self.tag_status, *self.buttons),
                self.tag_fields,
                _row(self.count_type, self.count_number),
                _row(self.storage_class, self.action),
                _row(self.description),
                self.note,
            ]
        )
        self.box.add_class("ecrlab-rule")
        for field in self.fields:
            field.continuous_update = True
            field.observe(lambda _: on_edit(), names="value")

    @property
    def fields(self) -> tuple[Any, ...]:
        """The fields in the order of `RuleDraft`."""
        return (
            self.priority,
            self.tag_status,
            self.list_kind,
            self.tags,
            self.storage_class,
            self.count_type,
            self.count_number,
            self.action,
            self.description,
        )

    def read(self) -> RuleDraft:
        """Return what the fields say."""
        return RuleDraft(*(field.value for field in self.fields))

    def show(self, draft: RuleDraft) -> None:
        """Fill the fields in."""
        values = (getattr(draft, name) for name in RuleDraft.__slots__)
        for field, value in zip(self.fields, values, strict=True):
            if field.value != value:
                field.value = value

    def say(self, sentence: str, faults: Sequence[Fault], name: str) -> None:
        """Say under the fields what the rule does, or what is wrong with it; give the buttons a name of their own."""
        self.tag_fields.layout.display = "" if self.tag_status.value == TagStatus.TAGGED else "none"
        texts = [f"✗ {fault.place.partition('.')[2] or 'rule'}: {fault.fact}; {fault.way_out}" for fault in faults]
        wrong = "".join(f'<div class="ecrlab-fault">{inline_html(text)}</div>' for text in texts)
        _set(self.note, html_of(wrong or inline_html(sentence)))
        for button, verb in zip(self.buttons, ("Earlier", "Later", "Remove"), strict=True):
            button.tooltip = f"{verb}: {name}"


def _row(*widgets: Any) -> HBox:
    return HBox(list(widgets), layout=Layout(flex_flow="row wrap", align_items="center"))


def _set(widget: HTML, html: str) -> None:
    if widget.value != html:
        widget.value = html


# --- the whole --------------------------------------------------------------------------------------------------------


class SimulatorWidget:
    """The controls, what they show, and the simulation behind them.

    Args:
        simulation: What it begins with, and returns to by "Start over".
        client: A client of ECR, for fetching.
        repository: The repository that is offered for fetching.
    """

    def __init__(self, simulation: Simulation, client: ECRClient | None, repository: str) -> None:
        self.start = self.simulation = simulation
        self.client = client
        self._settled = True  # false while the kit itself fills fields in
        self.rules: list[RuleForm] = []
        self.json = _field(Textarea, "", "100%", rows=24, continuous_update=True)
        self.json.add_class("ecrlab-wide")
        self.day = _field(IntSlider, "Day", "95%", min=0, max=DAYS, value=simulation.day)
        self.with_reasons = Checkbox(description="Show the reason for every image", indent=False)
        self.with_figures = Checkbox(description="Show the figures of the year as text", indent=False)
        self.shown = _Outputs()
        self.source = _Source(self, repository)
        self.pushes = _Pushes(simulation.scene, self._push_otherwise)
        self.rule_box, self.form_note = VBox(), HTML()
        add = Button(description="Add a rule")
        add.on_click(lambda _: self._rewrite(added(self._drafts())))
        self.add = add
        self.box = VBox(self._layout(), layout=Layout(padding="0 4px 0 0"))
        self.box.add_class("ecrlab-sim")

        self.json.value = simulation.text
        self.json.observe(lambda _: self._json_edited(), names="value")
        self.day.observe(lambda _: self._day_moved(), names="value")
        for box in (self.with_reasons, self.with_figures):
            box.observe(lambda _: self._show_folds(), names="value")
        self._show_form()
        self._show_everything()

    def _layout(self) -> list[Any]:
        column = Layout(flex="1 1 400px", min_width="340px", padding="0 8px 0 0")
        form = VBox([_title("Rules as a form"), self.form_note, self.rule_box, self.add], layout=column)
        text = VBox([_title("The same as JSON"), self.json, self.shown.faults, self.source.box], layout=column)
        shown = self.shown
        return [
            HTML(_STYLE),
            shown.heading,
            Box([form, text], layout=Layout(flex_flow="row wrap")),
            shown.warnings,
            _title("What happens"),
            self.day,
            shown.outcome,
            shown.timeline,
            self.with_reasons,
            shown.reasons,
            shown.coming,
            _title("A year of storage"),
            self.pushes.box,
            shown.year,
            shown.saved,
            self.with_figures,
            shown.figures,
        ]

    # From the form, from the JSON, from elsewhere

    def _drafts(self) -> tuple[RuleDraft, ...]:
        return tuple(rule.read() for rule in self.rules)

    def _form_edited(self) -> None:
        if self._settled:
            self._rewrite(self._drafts())

    def _rewrite(self, drafts: Sequence[RuleDraft]) -> None:
        """Let rules be the policy: the JSON follows, and so does the form where it differs."""
        self.replace_text(text_of(drafts))

    def _json_edited(self) -> None:
        if self._settled:
            self.simulation = self.simulation.with_text(self.json.value)
            self._show_form()
            self._show_everything()

    def replace_text(self, text: str) -> None:
        """Put another text in place of what was there, as if somebody had typed it."""
        with self._filling_in():
            self.json.value = text
        self._json_edited()

    def replace_scene(self, scene: Scene) -> None:
        """Try the policy on another repository."""
        self.simulation = self.simulation.with_scene(scene)
        self._show_everything()

    def start_over(self) -> None:
        """Go back to the beginning: policy, repository and day."""
        self.simulation = replace(self.start, day=self.day.value)
        with self._filling_in():
            self.pushes.show(self.start.scene)
        self.day.value = self.start.day
        self.replace_text(self.start.text)

    def _push_otherwise(self, pushes: tuple[PushPattern, ...]) -> None:
        if self._settled:
            self.replace_scene(replace(self.simulation.scene, pushes=pushes))

    def _day_moved(self) -> None:
        self.simulation = replace(self.simulation, day=self.day.value)
        self._show_day()

    def _move(self, place: int, step: int) -> None:
        self._rewrite(moved(self._drafts(), place, step))

    def _remove(self, place: int) -> None:
        drafts = self._drafts()
        self._rewrite((*drafts[:place], *drafts[place + 1 :]))

    @contextmanager
    def _filling_in(self) -> Iterator[None]:
        self._settled, before = False, self._settled
        try:
            yield
        finally:
            self._settled = before

    # What is shown

    def _show_form(self) -> None:
        """Let the form follow the JSON, if it can."""
        drafts = drafts_of(self.json.value)
        frozen = drafts is None
        for control in (self.add, *(each for rule in self.rules for each in (*rule.fields, *rule.buttons))):
            control.disabled = frozen
        message = "The form waits: it cannot show what the JSON says at the moment. Mend the JSON, or start over."
        _set(self.form_note, html_of(Card(message, tone=Tone.WAITING).inner_html()) if frozen else "")
        if drafts is None:
            return
        with self._filling_in():
            self._have_forms(len(drafts))
            for rule, draft in zip(self.rules, drafts, strict=True):
                rule.show(draft)
        self._show_sentences(drafts)

    def _have_forms(self, count: int) -> None:
        """Keep the forms that are there, and make or drop as many as it takes."""
        while len(self.rules) < count:
            place = len(self.rules)
            self.rules.append(
                RuleForm(
                    self._form_edited,
                    lambda step, place=place: self._move(place, step),  # type: ignore[misc]
                    lambda place=place: self._remove(place),  # type: ignore[misc]
                )
            )
        del self.rules[count:]
        if len(self.rule_box.children) != count:
            self.rule_box.children = [rule.box for rule in self.rules]

    def _show_sentences(self, drafts: Sequence[RuleDraft]) -> None:
        sentences = (
            {} if self.simulation.faults else {rule.priority: str(rule) for rule in self.simulation.policy.rules}
        )
        for place, (rule, draft) in enumerate(zip(self.rules, drafts, strict=True)):
            here = f"rules[{place}]"
            faults = [f for f in self.simulation.faults if f.place == here or f.place.startswith(f"{here}.")]
            text = sentences.get(draft.priority, "")
            rule.say(f"{text[:1].upper()}{text[1:]}." if text else "", faults, f"rule {draft.priority}")

    def _show_everything(self) -> None:
        simulation, shown = self.simulation, self.shown
        card = fault_card(simulation.faults, simulation.text) if simulation.faults else _FINE
        _set(shown.faults, f'<div role="status">{html_of(card.inner_html())}</div>')
        _set(shown.heading, simulation.heading()._repr_html_())
        _set(shown.warnings, f'<div role="status">{simulation.warnings._repr_html_()}</div>')
        _set(shown.year, simulation.year().figure())
        _set(shown.saved, simulation.saved()._repr_html_())
        self._show_day()

    def _show_day(self) -> None:
        simulation, shown = self.simulation, self.shown
        _set(shown.outcome, f'<div role="status">{simulation.outcome()._repr_html_()}</div>')
        _set(shown.timeline, simulation.timeline().figure())
        _set(shown.coming, simulation.coming()._repr_html_())
        self._show_folds()

    def _show_folds(self) -> None:
        """Fill in what somebody has asked to see."""
        reasons = f'<div class="ecrlab-scroll" tabindex="0">{self.simulation.plan._repr_html_()}</div>'
        _set(self.shown.reasons, reasons if self.with_reasons.value else "")
        figures = "\n".join(self.simulation.year().lines) if self.with_figures.value else ""
        _set(self.shown.figures, html_of(f"<pre>{inline_html(figures)}</pre>") if figures else "")


_FINE = Card("No fault: AWS would accept this policy", tone=Tone.GOOD)


def _title(text: str) -> HTML:
    return HTML(f"<h4>{text}</h4>")


class _Outputs:
    """The places where something is shown."""

    def __init__(self) -> None:
        self.heading, self.faults, self.warnings, self.outcome = HTML(), HTML(), HTML(), HTML()
        self.timeline, self.reasons, self.coming = HTML(), HTML(), HTML()
        self.year, self.saved, self.figures = HTML(), HTML(), HTML()


# --- pushes to come ---------------------------------------------------------------------------------------------------


class _Pushes:
    """One line of fields for what will be pushed; more patterns than one come from the call.

    Args:
        scene: Its pushes are shown.
        on_edit: Called with the pushes that the fields say.
    """

    def __init__(self, scene: Scene, on_edit: Callable[[tuple[PushPattern, ...]], None]) -> None:
        self.rest: tuple[PushPattern, ...] = ()
        self.tags = _field(Text, "Pushes to come, tags", "330px", placeholder="build-{number}")
        self.every = _field(BoundedFloatText, "every … days", "170px", min=0.25, max=365, step=1)
        self.megabytes = _field(BoundedIntText, "MB each", "150px", min=0, max=100_000)
        self.active = Checkbox(description="push them", indent=False, layout=Layout(width="120px"))
        self.box = _row(self.tags, self.every, self.megabytes, self.active)
        self.show(scene)
        for field in (self.tags, self.every, self.megabytes, self.active):
            field.observe(lambda _: on_edit(self.read()), names="value")

    def show(self, scene: Scene) -> None:
        """Fill the fields in with the first pattern; others are kept as they are."""
        first, *rest = scene.pushes or (PushPattern("build-{number}", 1, 50_000_000),)
        self.rest, self.first_number = tuple(rest), first.first_number
        self.tags.value, self.every.value = first.tag_template, first.every_days
        self.megabytes.value, self.active.value = first.size_bytes // 1_000_000, bool(scene.pushes)

    def read(self) -> tuple[PushPattern, ...]:
        """Return what the fields say."""
        if not self.active.value:
            return ()
        size = self.megabytes.value * 1_000_000
        return (PushPattern(self.tags.value, self.every.value, size, self.first_number), *self.rest)


# --- your own policy --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Message:
    """What came of loading a policy."""

    title: str
    body: str = ""
    tone: Tone = Tone.NOTE

    def html(self) -> str:
        card = Card(self.title, body=(self.body,) if self.body else (), tone=self.tone)
        return f'<div role="status">{html_of(card.inner_html())}</div>'


_INVITATION = _Message(
    "Try your own policy",
    "Paste it into the JSON above, load a file, or fetch a repository: that only reads, with GetLifecyclePolicy and "
    "DescribeImages.",
)
_NO_CLIENT = _Message(
    "Try your own policy",
    "Paste it into the JSON above, or load a file. To fetch a repository, hand over a client: "
    '`show.lifecycle_simulator(client=lab.client("ecr"))`.',
)


class _Source:
    """Where a policy of one's own comes from: a file, or a repository that is read."""

    def __init__(self, simulator: SimulatorWidget, repository: str) -> None:
        self.simulator = simulator
        self.upload = FileUpload(accept=".json,.txt", multiple=False, description="Load a JSON file")
        self.upload.layout = Layout(width="170px")
        self.again = Button(description="Start over", layout=Layout(width="110px"))
        self.repository = _field(Text, "Repository", "260px", value=repository, placeholder="payments/api")
        self.read_indexes = Checkbox(description="read indexes, too (counts as a pull)", indent=False)
        self.fetch = Button(description="Fetch, read only", layout=Layout(width="140px"))
        self.message = HTML((_INVITATION if simulator.client is not None else _NO_CLIENT).html())
        fetching = [_row(self.repository, self.fetch), self.read_indexes] if simulator.client is not None else []
        self.box = VBox([self.message, _row(self.upload, self.again), *fetching])
        self.upload.observe(lambda _: self._load(), names="value")
        self.again.on_click(lambda _: self.simulator.start_over())
        self.fetch.on_click(lambda _: self._fetch())

    def _load(self) -> None:
        if not self.upload.value:
            return
        chosen = self.upload.value[0]
        name, content = chosen["name"], bytes(chosen["content"])
        if len(content) > _LARGEST_FILE:
            self._say(_Message(f"{name} is no policy", f"It has {len(content):,} bytes.", Tone.BAD))
            return
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as broken:
            self._say(_Message(f"{name} is no text in UTF-8", f"Byte {broken.start:,} cannot be read.", Tone.BAD))
            return
        self._say(_Message(f"Loaded {name}", tone=Tone.GOOD))
        self.simulator.replace_text(text)

    def _fetch(self) -> None:
        simulator, name = self.simulator, self.repository.value.strip()
        assert simulator.client is not None  # without one there is no button
        try:
            text, found = fetched(simulator.client, name, read_indexes=self.read_indexes.value)
        except EcrLabError as refusal:
            self._say(_Message(f"{name or 'Nothing'} was not fetched", str(refusal), Tone.BAD))
            return
        pushes = simulator.simulation.scene.pushes
        scene = Scene(name, tuple(found), moment_of_the_lab(), pushes, note=found.warning)
        simulator.replace_scene(scene)
        if text is None:
            told = "It has no lifecycle policy; the one above is tried on its images."
        else:
            told = "Policy and images are those of the repository now. Nothing was changed there."
            simulator.replace_text(text)
        self._say(_Message(f"Fetched {name}: {len(found):,} images", told, Tone.GOOD))

    def _say(self, message: _Message) -> None:
        self.message.value = message.html()
