"""Policy documents and requests to decisions, with reasons."""

from __future__ import annotations

from ecrlab.access.actions import ACTIONS, LOGIN, PULL, PUSH, Action, action_of
from ecrlab.access.chains import Chain, Step, explain_pull, explain_push
from ecrlab.access.deciding import Outcome
from ecrlab.access.decision import Decision, decide
from ecrlab.access.document import POLICY_TEXT_LIMIT, faults_of, parse
from ecrlab.access.explaining import Blocker
from ecrlab.access.findings import Code, Finding, Findings, Severity
from ecrlab.access.lint import lint
from ecrlab.access.managed import MANAGED_POLICIES, ManagedPolicy
from ecrlab.access.policy import Condition, Effect, NamedPrincipal, Policy, PolicyKind, Quantifier, Statement
from ecrlab.access.principal import Principal, PrincipalKind, Reach
from ecrlab.access.request import Policies, Request
from ecrlab.access.tracing import ConditionTrace, LayerTrace, StatementTrace, Voice
from ecrlab.access.who_can import WhoCan, who_can

__all__ = [
    "ACTIONS",
    "LOGIN",
    "MANAGED_POLICIES",
    "POLICY_TEXT_LIMIT",
    "PULL",
    "PUSH",
    "Action",
    "Blocker",
    "Chain",
    "Code",
    "Condition",
    "ConditionTrace",
    "Decision",
    "Effect",
    "Finding",
    "Findings",
    "LayerTrace",
    "ManagedPolicy",
    "NamedPrincipal",
    "Outcome",
    "Policies",
    "Policy",
    "PolicyKind",
    "Principal",
    "PrincipalKind",
    "Quantifier",
    "Reach",
    "Request",
    "Severity",
    "Statement",
    "StatementTrace",
    "Step",
    "Voice",
    "WhoCan",
    "action_of",
    "decide",
    "explain_pull",
    "explain_push",
    "faults_of",
    "lint",
    "parse",
    "who_can",
]
