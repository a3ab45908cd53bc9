"""``ecrlab``: arguments and printing only.

Exit codes: 0 as expected, 1 something failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecrlab import __version__
from ecrlab.errors import EcrLabError, InvalidInput

if TYPE_CHECKING:
    from ecrlab.course.run_report import CourseReport
    from ecrlab.course.runner import Progress
    from ecrlab.pricing import StoredImage

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="ecrlab", description="Learn Amazon ECR: the kit's commands.")
    parser.add_argument("--version", action="version", version=f"ecrlab {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options))
    except EcrLabError as problem:
        print(f"ecrlab: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ecrlab: interrupted; nothing is left running", file=sys.stderr)
        return 130


# --- ecrlab lab ----------------------------------------------------------------------------------------------------


def _add_lab(commands: Any) -> None:
    lab = commands.add_parser(
        "lab",
        help="open the course in JupyterLab",
        description="Start JupyterLab on 127.0.0.1, with a token, at the first notebook. What follows -- is handed on "
        "to JupyterLab.",
    )
    lab.add_argument("--no-browser", dest="browser", action="store_false", help="print the address and open nothing")
    lab.add_argument("--port", type=int, metavar="N", help="default: the first free one from 8888 on")
    lab.add_argument("extra", nargs="*", metavar="-- ARGUMENT", help=argparse.SUPPRESS)
    lab.set_defaults(command=_lab)


def _lab(options: argparse.Namespace) -> int:
    from ecrlab.course.catalogue import find_course
    from ecrlab.lab_server import serve

    serve(
        find_course(),
        port=options.port,
        browser=options.browser,
        extra=options.extra,
        say=partial(print, flush=True),
    )
    return 0


# --- ecrlab doctor -------------------------------------------------------------------------------------------------


def _add_doctor(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say whether this machine has what the course needs, and what to do if not",
        description="Examine Python, packages, kernel, Mode Mock, port, disk and variables. Exit code 0: in order; "
        "1: something must be mended. A few seconds.",
    )
    doctor.add_argument("--json", action="store_true", help="the findings for a program")
    doctor.set_defaults(command=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    from ecrlab.doctor import examine

    report = examine()
    print(report.to_json() if options.json else report)
    return 0 if report.healthy else 1


# --- ecrlab run ----------------------------------------------------------------------------------------------------


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run notebooks and labs, and say what is not as expected",
        description="Run notebooks in fresh kernels, side by side. Guided notebooks must run clean; labs are run as "
        "committed (nothing passes), solved (everything passes) and with each known mistake (each gets its message).",
    )
    run.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="notebooks or folders; default: the course")
    run.add_argument(
        "--build",
        action="append",
        choices=("guided", "student", "solved", "mistaken"),
        help="run this build only; may be given several times; default: all four",
    )
    run.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    run.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML")
    run.add_argument("--html", type=Path, metavar="FILE", help="write the results as one HTML page")
    run.add_argument("--jobs", type=int, metavar="N", help="how many side by side; default: one per processor")
    run.add_argument("--timeout", type=int, default=120, metavar="S", help="seconds per cell; default: %(default)s")
    run.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="override a parameter; VALUE is a Python literal, or else a text",
    )
    run.set_defaults(command=_run)


def _run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from ecrlab.course.run_report import Build, to_html, to_json, to_junit
    from ecrlab.course.runner import run_course

    writers: dict[str, Callable[[CourseReport], str]] = {"json": to_json, "junit": to_junit, "html": to_html}
    targets = {name: path for name in writers if (path := getattr(options, name))}
    for name, path in targets.items():
        if path.is_dir() or not path.parent.is_dir():
            fact = "is a folder" if path.is_dir() else f"folder {str(path.parent)!r} does not exist"
            raise InvalidInput(f"--{name} {path}", fact, "name a file in a folder that exists")
    with tqdm(unit="cell", disable=None, leave=False) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.cells_total
            bar.update(progress.cells_done - bar.n)
            if progress.finished and bar.disable:  # no terminal: a line each, for the log
                sign = "✓" if progress.finished.passed else "✗"
                print(
                    f"{sign} {progress.finished.title} {progress.finished.seconds:.1f} s", file=sys.stderr, flush=True
                )

        report = run_course(
            options.paths,
            builds=[Build(name) for name in options.build] if options.build else tuple(Build),
            jobs=options.jobs,
            parameters={name: _literal(text) for name, text in options.parameters},
            timeout_s=options.timeout,
            on_progress=show,
        )
    print(report)
    for name, path in targets.items():
        _write(f"--{name}", path, writers[name](report))
    return 0 if report.ok else 1


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


# --- ecrlab progress -----------------------------------------------------------------------------------------------


def _add_progress(commands: Any) -> None:
    progress = commands.add_parser(
        "progress",
        help="show which exercises and questions are done",
        description="Show what the progress file says; its place is a setting: ECRLAB_PROGRESS.",
    )
    progress.set_defaults(command=_progress)


def _progress(options: argparse.Namespace) -> int:
    from ecrlab.course.progress import open_progress

    print(open_progress().read())
    return 0


# --- ecrlab cost ---------------------------------------------------------------------------------------------------


def _add_cost(commands: Any) -> None:
    cost = commands.add_parser(
        "cost",
        help="say what storing images costs, repository by repository",
        description="Estimate a month of storage from a CSV file of images (columns repository and size_bytes), or "
        "from a real account, read only.",
    )
    source = cost.add_mutually_exclusive_group(required=True)
    source.add_argument("--csv", type=Path, metavar="FILE", help="images as a table")
    source.add_argument("--profile", metavar="NAME", help="an AWS profile; nothing is changed in its account")
    cost.add_argument("--region", default="us-east-1", metavar="R", help="default: %(default)s")
    cost.add_argument("--repository", action="append", metavar="NAME", help="this one only; may be given several times")
    cost.add_argument(
        "--layers",
        action="store_true",
        help="also read which layers images share; AWS records that as a pull of every image",
    )
    cost.add_argument("--prices", type=Path, metavar="FILE", help="newer prices: what ecrlab prices --refresh wrote")
    cost.set_defaults(command=_cost)


def _cost(options: argparse.Namespace) -> int:
    from ecrlab.pricing import bill_of, price_book, read_prices

    book = price_book()
    if options.prices:
        book = book.replaced(read_prices(_text_of("--prices", options.prices)))
    images = _images_of_a_table(options.csv) if options.csv else _images_of_an_account(options)
    chosen = [each for each in images if not options.repository or each.repository in options.repository]
    print(bill_of(chosen, region=options.region, book=book))
    return 0


def _text_of(option: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        fact = problem.strerror or "it cannot be read"
        raise InvalidInput(f"{option} {path}", fact, "name a file that can be read") from problem
    except UnicodeDecodeError as problem:
        raise InvalidInput(f"{option} {path}", f"byte {problem.start} is not UTF-8", "save it as UTF-8") from problem


def _write(option: str, path: Path, text: str) -> None:
    """Write a file as a whole or not at all, so that a full disk costs nobody the file that was there."""
    is_device = path.exists() and not path.is_file()  # or a pipe: it is written to, never replaced
    draft = path if is_device else path.with_name(f"{path.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        if not is_device:
            draft.replace(path)
    except OSError as problem:
        if not is_device:
            draft.unlink(missing_ok=True)
        fact = problem.strerror or "it cannot be written"
        raise InvalidInput(f"{option} {path}", fact, "make room, or name another file") from problem


def _images_of_a_table(path: Path) -> Sequence[StoredImage]:
    import csv
    import io

    from ecrlab.pricing import stored_images

    return stored_images(csv.DictReader(io.StringIO(_text_of("--csv", path), newline="")))


def _images_of_an_account(options: argparse.Namespace) -> Sequence[StoredImage]:
    from ecrlab import registry
    from ecrlab.cloud import described_repositories, reading_client

    client = reading_client(options.profile, options.region)
    names = options.repository or [
        repository["repositoryName"]
        for repository in described_repositories(client, f"the registry in {options.region}")
    ]
    return [image for name in names for image in registry.stored(client, name, read_layers=options.layers)]


# --- ecrlab prices -------------------------------------------------------------------------------------------------


def _add_prices(commands: Any) -> None:
    prices = commands.add_parser(
        "prices",
        help="show the price book, or ask AWS for today's prices",
        description="Show what the kit knows about prices, since when and from whom. With --refresh, ask the AWS Price "
        "List through a profile of yours (pricing:GetProducts) and write the answer to a file for ecrlab cost.",
    )
    prices.add_argument("--refresh", metavar="PROFILE", help="ask AWS, through this profile")
    prices.add_argument(
        "--region", default="us-east-1", metavar="R", help="whose prices to ask for; default: %(default)s"
    )
    prices.add_argument("--output", type=Path, default=Path("prices.toml"), metavar="FILE", help="default: %(default)s")
    prices.set_defaults(command=_prices)


def _prices(options: argparse.Namespace) -> int:
    from ecrlab.pricing import price_book

    if not options.refresh:
        print(price_book())
        return 0
    from ecrlab.cloud.price_lists import fetch_price_list
    from ecrlab.pricing.price_list import written

    found = fetch_price_list(options.refresh, options.region)
    print(found)
    if not found.prices:
        print(f"ecrlab: nothing was read for {options.region}; {options.output} is as it was", file=sys.stderr)
        return 1
    _write("--output", options.output, written(found.prices))
    return 0


# --- ecrlab report-card --------------------------------------------------------------------------------------------


def _add_report_card(commands: Any) -> None:
    card = commands.add_parser(
        "report-card",
        help="judge how securely a repository, or all of an account, is kept",
        description="Check a real account, read only: tags, scans, policies, signatures, what piles up; each fault "
        "with its reason and the call that mends it. Exit code 1: something failed.",
    )
    card.add_argument("--profile", required=True, metavar="NAME", help="an AWS profile; nothing is changed")
    card.add_argument("--region", metavar="R", help="default: the profile's")
    card.add_argument("--repository", metavar="NAME", help="this one only, in full; default: all, and the registry")
    card.add_argument("--json", action="store_true", help="the checks for a program")
    card.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        help="let the exit code say only whether the newest images have been scanned and have nothing as bad as this",
    )
    card.set_defaults(command=_report_card)


def _report_card(options: argparse.Namespace) -> int:
    from ecrlab.clock import SystemClock
    from ecrlab.cloud import reading_client
    from ecrlab.security import report_card

    client = reading_client(options.profile, options.region)
    threshold = {"fail_on": options.fail_on} if options.fail_on else {}
    card = report_card(client, options.repository, now=SystemClock().now(), **threshold)
    print(card.to_json() if options.json else card)
    return 1 if (card.images_in_doubt if options.fail_on else card.failures) else 0


COMMANDS: tuple[Callable[[Any], None], ...] = (
    _add_lab,
    _add_doctor,
    _add_run,
    _add_progress,
    _add_cost,
    _add_prices,
    _add_report_card,
)


if __name__ == "__main__":
    sys.exit(main())
