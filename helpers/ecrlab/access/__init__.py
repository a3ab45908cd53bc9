"""Policy documents and requests to decisions, with reasons."""

from __future__ import annotations

from ecrlab.access.actions import ACTIONS, LOGIN, PULL, PUSH, Action, action_of
from ecrlab.access.deciding import Outcome
from ecrlab.access.decision import Decision, decide
from ecrlab.access.document import POLICY_TEXT_LIMIT, faults_of, parse
from ecrlab.access.managed import MANAGED_POLICIES, ManagedPolicy
from ecrlab.access.policy import Condition, Effect, NamedPrincipal, Policy, PolicyKind, Quantifier, Statement
from ecrlab.access.principal import Principal, PrincipalKind, Reach
from ecrlab.access.request import Policies, Request

__all__ = [
    "ACTIONS",
    "LOGIN",
    "MANAGED_POLICIES",
    "POLICY_TEXT_LIMIT",
    "PULL",
    "PUSH",
    "Action",
    "Condition",
    "Decision",
    "Effect",
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
    "Statement",
    "action_of",
    "decide",
    "faults_of",
    "parse",
]
