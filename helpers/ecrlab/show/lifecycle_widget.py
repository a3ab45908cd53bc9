"""The lifecycle simulator to click: a form and JSON side by side, a day to choose, and what follows from both.

    form ──► JSON ──► Simulation ──► pictures, tables, sentences
      ◄────────┘ (as far as a form can show what the JSON says)

What is shown comes from `Simulation`, whose page says the same; here are only controls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
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
    Select,
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
.ecrlab-sim .widget-html-content{line-height:1.5;overflow:visible}
.ecrlab-sim .widget-label{min-width:0}
.ecrlab-sim select option{padding:2px 4px}
.ecrlab-sim .ecrlab-above{flex-direction:column;align-items:stretch;height:auto}
.ecrlab-sim .ecrlab-above > .widget-label{font-weight:600;text-align:left}
.ecrlab-sim .ecrlab-above > select,.ecrlab-sim .ecrlab-above > textarea{width:100%;flex:none}
.ecrlab-sim textarea{font-family:var(--jp-code-font-family,monospace);font-size:12.5px;line-height:1.45;
white-space:pre;overflow:auto}
.ecrlab-sim :focus-visible{outline:2px solid var(--jp-brand-color1,#1976d2);outline-offset:1px}
.ecrlab-sim h4{margin:.9em 0 .2em;color:var(--jp-content-font-color1,inherit);font-size:1.05em}
.ecrlab-sim .ecrlab-fault{border-left:4px solid var(--jp-error-color1,#c62828);padding-left:.5em;margin:.2em 0}
.ecrlab-sim .ecrlab-scroll{max-height:28em;overflow:auto}
</style>"""

_STATUSES = [("tagged", "tagged"), ("untagged", "untagged"), ("any", "any")]
_LISTS = [("match", PATTERNS), ("begin with", PREFIXES)]
_CLASSES = [("standard", "standard"), ("archive", "archive")]
_COUNTS = [
    ("newest images (imageCountMoreThan)", "imageCountMoreThan"),
    ("days since push (sinceImagePushed)", "sinceImagePushed"),
    ("days since pull (sinceImagePulled)", "sinceImagePulled"),
    ("days since archiving (sinceImageTransitioned)", "sinceImageTransitioned"),
]
_ACTIONS = [("expire", "expire"), ("transition", "transition")]


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
    """

    def __init__(self, on_edit: Callable[[], None]) -> None:
        number: dict[str, Any] = {"min": 0, "max": _LARGEST_NUMBER}
        self.priority = _labelled(BoundedIntText, "Priority", **number)
        self.tag_status = _labelled(Dropdown, "Images", options=_STATUSES)
        self.list_kind = _labelled(Dropdown, "Tags", options=_LISTS)
        self.tags = _labelled(Text, "Entries", placeholder="prod-* stable")
        self.storage_class = _labelled(Dropdown, "In class", options=_CLASSES)
        self.count_type = _labelled(Dropdown, "Limit", "404px", options=_COUNTS)
        self.count_number = _labelled(BoundedIntText, "Number", **number)
        self.action = _labelled(Dropdown, "Action", options=_ACTIONS)
        self.description = _labelled(Text, "Description", "404px")
        self.tag_fields = _row(self.list_kind, self.tags)
        self.box = VBox(
            [
                _row(self.priority, self.tag_status),
                self.tag_fields,
                _row(self.count_type),
                _row(self.count_number, self.storage_class),
                _row(self.action),
                _row(self.description),
            ]
        )
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
        """Fill the fields in, unless they say so already; blanks that are being typed stay."""
        self.tag_fields.layout.display = "" if draft.tag_status == TagStatus.TAGGED else "none"
        if self.read().document() == draft.document():
            return
        values = (getattr(draft, name) for name in RuleDraft.__slots__)
        for field, value in zip(self.fields, values, strict=True):
            field.value = value


def _labelled(kind: Any, label: str, width: str = "200px", **more: Any) -> Any:
    """Return a field whose label is as wide as that of its neighbours."""
    return kind(description=label, style={"description_width": "78px"}, layout=Layout(width=width), **more)


def _above(kind: Any, label: str, **more: Any) -> Any:
    """Return a field as wide as its column, with its label above it."""
    field = _field(kind, label, "auto", **more)
    field.add_class("ecrlab-above")
    return field


def _button(label: str) -> Button:
    return Button(description=label, layout=Layout(width="auto"))


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
        self.drafts: tuple[RuleDraft, ...] | None = ()
        self.rules = _above(Select, "Rules: choose one to edit it", rows=6)
        self.form, self.form_note = RuleForm(self._form_edited), HTML()
        self.add, self.earlier, self.later, self.remove = map(_button, ("Add", "Earlier", "Later", "Remove"))
        self.json = _above(Textarea, "The same as JSON: type, or paste your own", rows=17, continuous_update=True)
        self.day = _field(IntSlider, "Day", "100%", min=0, max=DAYS, readout=False)
        self.day_number = _field(BoundedIntText, "Number of the day", "200px", min=0, max=DAYS)
        self.with_reasons = Checkbox(description="Show the reason for every image", indent=False)
        self.with_figures = Checkbox(description="Show the figures of the year as text", indent=False)
        self.shown = _Outputs()
        self.source = _Source(self, repository)
        self.pushes = _Pushes(simulation.scene, self._push_otherwise)
        self.box = VBox(self._layout())
        self.box.add_class("ecrlab-sim")

        self.json.value, self.day.value, self.day_number.value = simulation.text, simulation.day, simulation.day
        self._listen()
        self._show_form()
        self._show_everything()

    def _layout(self) -> list[Any]:
        column = Layout(flex="1 1 400px", min_width="340px", padding="0 10px 0 0")
        buttons = _row(self.add, self.earlier, self.later, self.remove)
        form = VBox([self.rules, buttons, self.form.box, self.form_note], layout=column)
        text = VBox([self.json, self.shown.faults, self.source.box], layout=column)
        shown = self.shown
        return [
            HTML(_STYLE),
            shown.heading,
            Box([form, text], layout=Layout(flex_flow="row wrap")),
            shown.warnings,
            _title("What happens"),
            Box([self.day, self.day_number], layout=Layout(align_items="center")),
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

    def _listen(self) -> None:
        self.rules.observe(lambda _: self._rule_chosen(), names="index")
        self.json.observe(lambda _: self._json_edited(), names="value")
        self.day.observe(lambda _: self.go_to(self.day.value), names="value")
        self.day_number.observe(lambda _: self.go_to(self.day_number.value), names="value")
        for box in (self.with_reasons, self.with_figures):
            box.observe(lambda _: self._show_folds(), names="value")
        self.add.on_click(lambda _: self._rewrite(*added(self.drafts or ())))
        self.earlier.on_click(lambda _: self._move(-1))
        self.later.on_click(lambda _: self._move(1))
        self.remove.on_click(lambda _: self._remove())

    # From the form, from the JSON, from elsewhere

    @property
    def place(self) -> int:
        """The place of the rule that is being edited, from 0 on; -1 if there is none."""
        return -1 if self.rules.index is None else int(self.rules.index)

    def _form_edited(self) -> None:
        if self._settled and self.drafts and self.place >= 0:
            self._rewrite((*self.drafts[: self.place], self.form.read(), *self.drafts[self.place + 1 :]))

    def _rewrite(self, drafts: Sequence[RuleDraft], place: int | None = None) -> None:
        """Let rules be the policy: the JSON follows, and the form shows the rule at a place."""
        self.replace_text(text_of(drafts), place)

    def _json_edited(self) -> None:
        if self._settled:
            self.simulation = self.simulation.with_text(self.json.value)
            self._show_form()
            self._show_everything()

    def replace_text(self, text: str, place: int | None = None) -> None:
        """Put another text in place of what was there, as if somebody had typed it."""
        with self._filling_in():
            self.json.value = text
        self.simulation = self.simulation.with_text(text)
        self._show_form(place)
        self._show_everything()

    def replace_scene(self, scene: Scene) -> None:
        """Try the policy on another repository."""
        self.simulation = self.simulation.with_scene(scene)
        self._show_everything()

    def start_over(self) -> None:
        """Go back to the beginning: policy, repository and day."""
        with self._filling_in():
            self.pushes.show(self.start.scene)
        self.simulation = self.start
        self.replace_text(self.start.text, 0)
        self.go_to(self.start.day)

    def _push_otherwise(self, pushes: tuple[PushPattern, ...]) -> None:
        if self._settled:
            self.replace_scene(replace(self.simulation.scene, pushes=pushes))

    def go_to(self, day: int) -> None:
        """Look at a day."""
        if self._settled:
            with self._filling_in():
                self.day.value = self.day_number.value = day
            self.simulation = replace(self.simulation, day=day)
            self._show_day()

    def _move(self, step: int) -> None:
        if self.drafts and 0 <= self.place + step < len(self.drafts):
            self._rewrite(moved(self.drafts, self.place, step), self.place + step)

    def _remove(self) -> None:
        if self.drafts and self.place >= 0:
            self._rewrite((*self.drafts[: self.place], *self.drafts[self.place + 1 :]))

    @contextmanager
    def _filling_in(self) -> Iterator[None]:
        before, self._settled = self._settled, False
        try:
            yield
        finally:
            self._settled = before

    # What is shown

    def _show_form(self, place: int | None = None) -> None:
        """Let list and form follow the JSON, if they can; keep the chosen place, or choose another."""
        self.drafts = drafts_of(self.json.value)
        chosen = max(0, self.place) if place is None else place
        if self.drafts is not None:
            labels = [f"{'✗ ' * bool(self._faults_of_rule(n))}{draft.in_short}" for n, draft in enumerate(self.drafts)]
            with self._filling_in():
                if labels != list(self.rules.options):
                    self.rules.options = labels
                self.rules.index = min(chosen, len(labels) - 1) if labels else None
        self._show_rule()

    def _rule_chosen(self) -> None:
        if self._settled:
            self._show_rule()

    def _show_rule(self) -> None:
        """Fill in the form of the chosen rule, and say below it what the rule does or what is wrong with it."""
        waiting, empty = self.drafts is None, not self.drafts or self.place < 0
        for control in (self.rules, self.add):
            control.disabled = waiting
        for control in (*self.form.fields, self.earlier, self.later, self.remove):
            control.disabled = empty
        if waiting:
            _set(self.form_note, html_of(_WAITING.inner_html()))
        elif empty:
            _set(self.form_note, html_of(inline_html("There is no rule.")))
        else:
            assert self.drafts is not None
            draft = self.drafts[self.place]
            with self._filling_in():
                self.form.show(draft)
            faults = self._faults_of_rule(self.place)
            texts = [f"✗ {f.place.partition('.')[2] or 'the rule'}: {f.fact}; {f.way_out}" for f in faults]
            wrong = "".join(f'<div class="ecrlab-fault">{inline_html(text)}</div>' for text in texts)
            _set(self.form_note, html_of(wrong or inline_html(self._sentence(draft))))

    def _faults_of_rule(self, place: int) -> list[Fault]:
        here = f"rules[{place}]"
        return [f for f in self.simulation.faults if f.place == here or f.place.startswith(f"{here}.")]

    def _sentence(self, draft: RuleDraft) -> str:
        rule = next((rule for rule in self.simulation.policy.rules if rule.document() == draft.document()), None)
        return f"{str(rule)[0].upper()}{str(rule)[1:]}." if rule else ""

    def _show_everything(self) -> None:
        simulation, shown = self.simulation, self.shown
        card = fault_card(simulation.faults, simulation.text) if simulation.faults else _FINE
        note = inline_html(_STILL_SHOWN) if simulation.faults else ""
        _set(shown.faults, f'<div role="status">{html_of(card.inner_html() + note)}</div>')
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
_STILL_SHOWN = "Below is still the last policy without faults. Nothing that you wrote is lost."
_WAITING = Card("The form waits: it cannot show what the JSON says now", body=("Mend the JSON.",), tone=Tone.WAITING)


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


_NO_CLIENT = 'To fetch a repository, hand over a client: `show.lifecycle_simulator(client=lab.client("ecr"))`.'
_FETCHING = "A repository is only read, with GetLifecyclePolicy and DescribeImages."


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
        self.message = HTML(html_of(inline_html(_NO_CLIENT if simulator.client is None else _FETCHING)))
        fetching = [_row(self.repository, self.fetch), self.read_indexes] if simulator.client is not None else []
        self.box = VBox([_row(self.upload, self.again), *fetching, self.message])
        self.upload.observe(lambda _: self._load(), names="value")
        self.again.on_click(lambda _: self.simulator.start_over())
        self.fetch.on_click(lambda _: self._fetch())

    def _load(self) -> None:
        if not self.upload.value:
            return
        chosen = self.upload.value[0]
        name, content = chosen["name"], bytes(chosen["content"])
        if len(content) > _LARGEST_FILE:
            self._say(_told(f"{name} is no policy", f"It has {len(content):,} bytes.", Tone.BAD))
            return
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as broken:
            self._say(_told(f"{name} is no text in UTF-8", f"Byte {broken.start:,} cannot be read.", Tone.BAD))
            return
        self._say(Card(f"Loaded {name}", tone=Tone.GOOD))
        self.simulator.replace_text(text)

    def _fetch(self) -> None:
        simulator, name = self.simulator, self.repository.value.strip()
        assert simulator.client is not None  # without one there is no button
        if not name:
            self._say(_told("Nothing was fetched", "Say which repository first, e.g. `payments/api`.", Tone.HINT))
            return
        try:
            text, found = fetched(simulator.client, name, read_indexes=self.read_indexes.value)
        except EcrLabError as refusal:
            self._say(_told(f"{name} was not fetched", str(refusal), Tone.BAD))
            return
        pushes = simulator.simulation.scene.pushes
        scene = Scene(name, tuple(found), moment_of_the_lab(), pushes, note=found.warning)
        simulator.replace_scene(scene)
        if text is None:
            told = "It has no lifecycle policy; the one above is tried on its images."
        else:
            told = "Policy and images are those of the repository now. Nothing was changed there."
            simulator.replace_text(text)
        self._say(_told(f"Fetched {name}: {len(found):,} images", told, Tone.GOOD))

    def _say(self, card: Card) -> None:
        self.message.value = f'<div role="status">{html_of(card.inner_html())}</div>'


def _told(title: str, sentence: str, tone: Tone) -> Card:
    return Card(title, body=(sentence,), tone=tone)
