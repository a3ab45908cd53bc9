"""Decide thousands of generated requests to ECR twice, with ecrlab.access and with iam-simulate, and compare.

``@cloud-copilot/iam-simulate`` is another open implementation of AWS's rules. Its licence is the AGPL, so it is
installed into a temporary folder, run as a process of its own, and thrown away; nothing of it is part of the kit. The
run needs Node.js 20 or newer with npm, and the network for the installation; that is why pytest does not collect it.

    .venv/bin/python tests/access/differential/run.py
    .venv/bin/python tests/access/differential/run.py --requests 50000 --seed 7 --show 3
    .venv/bin/python tests/access/differential/run.py --folder ~/iam-simulate    (keeps the installation)

It prints the outcomes, the differences with the reason for each kind, and how many decisions a second both make.
It ends with 1 if a difference has no known reason (``disagreements.py``), with 2 if it could not run, else with 0.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from disagreements import KNOWN, explain
from ecrlab.access import Outcome, Policies, Policy, PolicyKind, Principal, Request, decide, parse
from ecrlab.cards import Table
from generated import ALL_FROM_ANYONE, Case, cases, simulation

HERE = Path(__file__).parent
PACKAGE = "@cloud-copilot/iam-simulate@0.1.173"
SEVERAL = "several of these at once"
THEIR_WORD = {
    Outcome.ALLOWED: "Allowed",
    Outcome.IMPLICITLY_DENIED: "ImplicitlyDenied",
    Outcome.EXPLICITLY_DENIED: "ExplicitlyDenied",
}


class CannotRunError(Exception):
    """Something that the run needs is not there."""


def request_of(case: Case) -> Request:
    """Write a case the way ecrlab takes a request."""
    return Request(Principal.of(case.principal), case.action, case.resource, case.resource_account, case.context)


def policies_of(case: Case) -> Policies:
    """Parse the documents of a case."""

    def read(layer: str, kind: PolicyKind) -> tuple[Policy, ...]:
        return tuple(parse(document, kind, name=f"{layer}{i}") for i, document in enumerate(case.layers.get(layer, ())))

    full = parse(ALL_FROM_ANYONE, PolicyKind.RCP)
    return Policies(
        identity=read("identity", PolicyKind.IDENTITY),
        repository=next(iter(read("repository", PolicyKind.REPOSITORY)), None),
        boundary=next(iter(read("boundary", PolicyKind.BOUNDARY)), None),
        session=read("session", PolicyKind.SESSION),
        scps=tuple((policy,) for policy in read("scps", PolicyKind.SCP)),
        rcps=tuple((full, policy) for policy in read("rcps", PolicyKind.RCP)),
        endpoint=next(iter(read("endpoint", PolicyKind.ENDPOINT)), None),
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """What one side said, in the order of the cases, and how many it said in a second."""

    outcomes: tuple[str, ...]
    per_second: dict[str, int]


def our_answer(case: Case) -> str:
    """Decide one case with ecrlab.access, in their words."""
    return THEIR_WORD[decide(request_of(case), policies_of(case)).outcome]


def our_answers(made: Sequence[Case]) -> Answers:
    """Decide with ecrlab.access: once from parsed policies, once from the documents."""
    started = perf_counter()
    parsed = [(request_of(case), policies_of(case)) for case in made]
    reading = perf_counter() - started
    started = perf_counter()
    outcomes = tuple(THEIR_WORD[decide(request, policies).outcome] for request, policies in parsed)
    deciding = perf_counter() - started
    return Answers(
        outcomes,
        {
            "ecrlab, policies parsed before": round(len(made) / deciding),
            "ecrlab, from the documents": round(len(made) / (reading + deciding)),
        },
    )


def their_answers(made: Sequence[Case], folder: Path) -> Answers:
    """Decide with iam-simulate in a process of its own.

    Raises:
        CannotRunError: Node.js or npm is missing, the installation failed, or it refuses a document that we take.
    """
    install(folder)
    questions, answers = folder / "simulations.json", folder / "outcomes.json"
    questions.write_text(json.dumps([simulation(case) for case in made]), "utf-8")
    run(["node", str(HERE / "simulate.mjs"), str(questions), str(answers)], folder)
    said: dict[str, Any] = json.loads(answers.read_text("utf-8"))
    for case, answer in zip(made, said["outcomes"], strict=True):
        if answer.get("error") or answer.get("ignored"):
            raise CannotRunError(f"request {case.number}: iam-simulate did not take all of it: {answer}")
    seconds = said["seconds"]
    return Answers(
        tuple(answer["outcome"] for answer in said["outcomes"]),
        {
            "iam-simulate, without its checks": round(len(made) / seconds["unchecked"]),
            "iam-simulate, from the documents": round(len(made) / seconds["checked"]),
        },
    )


def install(folder: Path) -> None:
    """Install iam-simulate into a folder, unless it is there."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise CannotRunError(f"{tool} is not installed; install Node.js 20 or newer, with npm")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "node_modules" / "@cloud-copilot" / "iam-simulate").exists():
        run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), PACKAGE], folder)


def run(command: list[str], folder: Path) -> None:
    """Run a command to its end; its own words are shown only if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotRunError(f"{' '.join(command[:2])} ended with {done.returncode}: {done.stderr.strip()[-800:]}")


def compared(made: Sequence[Case], ours: Answers, theirs: Answers, show: int) -> tuple[str, int]:
    """Return the report, and the number of differences that nothing explains."""
    pairs = list(zip(made, ours.outcomes, theirs.outcomes, strict=True))
    kinds = Counter((mine, other) for _, mine, other in pairs)
    different = [(case, mine, other, explain(case, other, our_answer)) for case, mine, other in pairs if mine != other]
    unexplained = [(case, mine, other) for case, mine, other, reasons in different if not reasons]
    known = Counter(reasons[0].name if len(reasons) == 1 else SEVERAL for *_, reasons in different if reasons)
    rows = [*((each.name, known[each.name], each.reason) for each in KNOWN), (SEVERAL, known[SEVERAL], "")]
    report = [
        Table(("ecrlab", "iam-simulate", "requests"), [(*pair, count) for pair, count in kinds.most_common()]),
        Table(
            ("difference", "requests", "why we answer otherwise"),
            [*rows, ("without a known reason", len(unexplained), "")],
        ),
        Table(("who", "decisions a second"), [*ours.per_second.items(), *theirs.per_second.items()]),
        *(in_full(*entry) for entry in unexplained[:show]),
    ]
    return "\n\n".join(map(str, report)), len(unexplained)


def in_full(case: Case, ours: str, theirs: str) -> str:
    """Write a case out, to be looked at."""
    content = json.dumps({"request": simulation(case)["request"], "layers": case.layers}, indent=1)
    return f"request {case.number}: ecrlab {ours}, iam-simulate {theirs}\n{content}"


def main() -> int:
    """Read the arguments, run both sides, and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=5000, help="how many requests to make (5000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same requests (1)")
    parser.add_argument("--show", type=int, default=2, help="how many unexplained differences to print in full (2)")
    parser.add_argument("--folder", type=Path, help="where to install; kept afterwards (default: a temporary folder)")
    wanted = parser.parse_args()
    made = tuple(cases(wanted.seed, wanted.requests))
    try:
        with tempfile.TemporaryDirectory(prefix="ecrlab-iam-") as temporary:
            theirs = their_answers(made, (wanted.folder or Path(temporary)).resolve())
    except CannotRunError as exc:
        sys.stderr.write(f"the comparison cannot run: {exc}\n")
        return 2
    report, unexplained = compared(made, our_answers(made), theirs, wanted.show)
    sys.stdout.write(report + "\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
