"""Lifecycle policies: read and check a document, plan what it would do, and say why for every image.

Nothing here calls AWS or reads a clock; the emulator's preview and its daily run use the same plan.
"""

from __future__ import annotations

from ecrlab.lifecycle.cautions import PolicyWarning, PolicyWarnings, WarningKind, warnings
from ecrlab.lifecycle.document import TEXT_LENGTHS, faults_of, length_faults, parse
from ecrlab.lifecycle.forecasting import Day, Event, Forecast, PushPattern, first_run_after, forecast
from ecrlab.lifecycle.image import Image
from ecrlab.lifecycle.matching import matches
from ecrlab.lifecycle.planning import Plan, plan
from ecrlab.lifecycle.policy import ActionType, CountType, Policy, Rule, Selection, StorageClass, TagStatus
from ecrlab.lifecycle.reasons import Action, Entry, Why
from ecrlab.lifecycle.worked_examples import WorkedExample, worked_examples

__all__ = [
    "TEXT_LENGTHS",
    "Action",
    "ActionType",
    "CountType",
    "Day",
    "Entry",
    "Event",
    "Forecast",
    "Image",
    "Plan",
    "Policy",
    "PolicyWarning",
    "PolicyWarnings",
    "PushPattern",
    "Rule",
    "Selection",
    "StorageClass",
    "TagStatus",
    "WarningKind",
    "Why",
    "WorkedExample",
    "faults_of",
    "first_run_after",
    "forecast",
    "length_faults",
    "matches",
    "parse",
    "plan",
    "warnings",
    "worked_examples",
]
