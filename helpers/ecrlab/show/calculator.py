"""``price_calculator``: a month in figures that can be changed. Fields in JupyterLab, a table everywhere else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ecrlab.cards import Table
from ecrlab.pricing import BYTES_PER_GB, Estimate, PriceBook, Usage, estimate, price_book
from ecrlab.show.front_end import is_live

if TYPE_CHECKING:
    from ipywidgets import VBox

__all__ = ["FIELDS", "Calculator", "price_calculator"]

FIELDS = {
    "standard_bytes": "stored, standard class (GB)",
    "archive_bytes": "stored, archive class (GB)",
    "retrieved_bytes": "brought back from the archive (GB)",
    "public_bytes": "stored, public registry (GB)",
    "pushed_bytes": "pushed (GB)",
    "same_region_bytes": "pulled within the Region (GB)",
    "internet_bytes": "pulled over the internet (GB)",
    "other_region_bytes": "sent to other Regions (GB)",
    "requests": "API requests",
    "basic_scans": "basic scans",
    "first_scans": "enhanced scans, first",
    "scans_again": "enhanced scans, again",
    "signatures": "managed signatures",
    "kms_requests": "KMS requests",
    "kms_keys": "KMS keys of your own",
    "nat_bytes": "through a NAT gateway (GB)",
    "endpoint_hours": "interface endpoints (AZ-hours)",
    "endpoint_bytes": "through interface endpoints (GB)",
    "gateway_bytes": "through a gateway endpoint (GB)",
}
"""Field of a usage -> its label; bytes are typed as GB."""

_ELSEWHERE = ("first_scans", "scans_again", "kms_requests", "kms_keys")
_NETWORK = ("nat_bytes", "endpoint_hours", "endpoint_bytes", "gateway_bytes")


@dataclass(frozen=True, slots=True, repr=False)
class Calculator:
    """A usage with its estimate.

    Args:
        usage: The month to begin with.
        region: Whose prices hold.
        book: Prices.
    """

    usage: Usage
    region: str
    book: PriceBook

    @property
    def estimate(self) -> Estimate:
        """What the month costs."""
        return estimate(self.usage, region=self.region, book=self.book)

    def with_figure(self, name: str, value: float) -> Calculator:
        """Return the same month with another figure, typed as the label asks: GB where it says so.

        Raises:
            InvalidInput: The figure is below zero.
        """
        factor = BYTES_PER_GB if name.endswith("_bytes") else 1
        return replace(self, usage=replace(self.usage, **{name: round(value * factor)}))

    def figures(self) -> Table:
        """Return what was used, as typed."""
        used = {name: getattr(self.usage, name) for name in FIELDS}
        rows = [(FIELDS[name], _typed(name, value)) for name, value in used.items() if value]
        return Table(("in the month", "how much"), rows, caption="What was used")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        page = {"text/plain": str(self), "text/html": self._repr_html_(), "text/markdown": self._repr_markdown_()}
        if not is_live():
            return page
        shown = _widget(self)._repr_mimebundle_()
        return page | {kind: made for kind, made in shown.items() if kind not in page}

    def _repr_html_(self) -> str:
        return self.figures()._repr_html_() + self.estimate._repr_html_()

    def _repr_markdown_(self) -> str:
        return f"{self.figures()._repr_markdown_()}\n{self.estimate._repr_markdown_()}"

    def __str__(self) -> str:
        return f"{self.figures()}\n\n{self.estimate}"

    __repr__ = __str__


def _typed(name: str, value: int) -> float | int:
    return value / BYTES_PER_GB if name.endswith("_bytes") else value


def _widget(begin: Calculator) -> VBox:
    """Return fields with the estimate below them; every edit is answered at once."""
    from ipywidgets import HTML, Accordion, BoundedFloatText, Dropdown, Layout, VBox

    state = {"now": begin}
    shown = HTML()
    regions = [*begin.book.regions, *({begin.region} - set(begin.book.regions))]
    region = Dropdown(description="Region", options=regions, value=begin.region)

    def refresh() -> None:
        shown.value = state["now"].estimate._repr_html_()

    def field(name: str) -> Any:
        made = BoundedFloatText(
            description=FIELDS[name],
            value=_typed(name, getattr(begin.usage, name)),
            min=0,
            max=1e12,
            style={"description_width": "20em"},
            layout=Layout(width="30em"),
        )

        def edited(change: Any) -> None:
            state["now"] = state["now"].with_figure(name, change["new"])
            refresh()

        made.observe(edited, names="value")
        return made

    def moved(change: Any) -> None:
        state["now"] = replace(state["now"], region=change["new"])
        refresh()

    region.observe(moved, names="value")
    ours = [name for name in FIELDS if name not in (*_ELSEWHERE, *_NETWORK)]
    groups = Accordion([VBox([field(name) for name in names]) for names in (ours, _ELSEWHERE, _NETWORK)])
    for index, title in enumerate(("Amazon ECR", "Amazon Inspector and AWS KMS", "The way to ECR")):
        groups.set_title(index, title)
    groups.selected_index = 0
    refresh()
    return VBox([region, groups, shown])


def price_calculator(
    usage: Usage | None = None, *, region: str = "us-east-1", book: PriceBook | None = None
) -> Calculator:
    """Show what a month costs, and let every figure be changed.

    Its plain twin is ``pricing.estimate(usage)``, which shows the same table.

    Args:
        usage: The month to begin with; by default nothing was used, except for 10 GB that are stored.
        region: Whose prices hold.
        book: Prices; by default those that come with the kit.
    """
    return Calculator(usage or Usage(standard_bytes=10 * BYTES_PER_GB), region, book or price_book())
