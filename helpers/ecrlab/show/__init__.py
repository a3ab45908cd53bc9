"""What a learner looks at: pictures, tables, questions. The only home of plotting and widgets.

Each name is imported when it is first used, so that a page without a picture does not pay for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOMES = {
    "address": "diagrams",
    "anatomy": "diagrams",
    "corrections": "resources",
    "decision": "decision_picture",
    "deleted": "tables",
    "findings": "findings_pictures",
    "glossary": "resources",
    "history": "resources",
    "images": "tables",
    "journey": "diagrams",
    "layers_with_findings": "findings_pictures",
    "lifecycle_simulator": "lifecycle_page",
    "manifest": "diagrams",
    "policy_rules": "lifecycle_pictures",
    "price_calculator": "calculator",
    "progress_bar": "transfers",
    "pull": "pull_picture",
    "quiz": "questions",
    "references": "resources",
    "registry_map": "diagrams",
    "replication_map": "replication_picture",
    "repositories": "tables",
    "sequence": "diagrams",
    "storage_year": "lifecycle_pictures",
    "tags": "diagrams",
    "timeline": "lifecycle_pictures",
}
"""Public name -> the module of this package that it lives in."""

__all__ = [
    "address",
    "anatomy",
    "corrections",
    "decision",
    "deleted",
    "findings",
    "glossary",
    "history",
    "images",
    "journey",
    "layers_with_findings",
    "lifecycle_simulator",
    "manifest",
    "policy_rules",
    "price_calculator",
    "progress_bar",
    "pull",
    "quiz",
    "references",
    "registry_map",
    "replication_map",
    "repositories",
    "sequence",
    "storage_year",
    "tags",
    "timeline",
]

if TYPE_CHECKING:
    from ecrlab.show.calculator import price_calculator
    from ecrlab.show.decision_picture import decision
    from ecrlab.show.diagrams import address, anatomy, journey, manifest, registry_map, sequence, tags
    from ecrlab.show.findings_pictures import findings, layers_with_findings
    from ecrlab.show.lifecycle_page import lifecycle_simulator
    from ecrlab.show.lifecycle_pictures import policy_rules, storage_year, timeline
    from ecrlab.show.pull_picture import pull
    from ecrlab.show.questions import quiz
    from ecrlab.show.replication_picture import replication_map
    from ecrlab.show.resources import corrections, glossary, history, references
    from ecrlab.show.tables import deleted, images, repositories
    from ecrlab.show.transfers import progress_bar


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ecrlab.show' has no attribute {name!r}; it offers {', '.join(sorted(_HOMES))}")
    value = getattr(import_module(f"ecrlab.show.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
