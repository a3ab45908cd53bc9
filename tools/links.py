"""Check the addresses that the course names: offline for form and known moves, online for whether they answer.

    python tools/links.py             both; without a network only the first, and it says so
    python tools/links.py --offline   the first only
    python tools/links.py --json FILE what each address answered

Exit codes: 0 all in order (or not reachable from here), 1 something is wrong, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import requests
from ecrlab.course.glossary import glossary, timeline
from ecrlab.course.references import reference_faults, references
from ecrlab.pricing import price_book

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 20
GONE = frozenset({404, 410})
_LINK = re.compile(r"https://[^\s)>\"'`]+")


@dataclass(frozen=True)
class Answer:
    """What one address answered: a status, where it led, or why there was no answer."""

    url: str
    status: int | None
    final_url: str
    note: str

    @property
    def is_gone(self) -> bool:
        """Whether the page is not there any more; a site that keeps programs out is no proof of that."""
        return self.status in GONE


def addresses() -> list[str]:
    """Return every address that pages, data and documents name, each once."""
    known = [each.url for each in references(ROOT)]
    known += [row.source for row in (*glossary(), *timeline())]
    known += [word for price in price_book().prices for word in price.source.split() if word.startswith("https://")]
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        known += [url.rstrip(".,;:") for url in _LINK.findall(path.read_text("utf-8"))]
    return list(dict.fromkeys(url.partition("#")[0] for url in known if "…" not in url and "<" not in url))


def ask(url: str) -> Answer:
    """Ask for a page without reading it; some sites answer only to GET."""
    headers = {"User-Agent": "Mozilla/5.0 (ecrlab link check)"}
    try:
        answer = requests.head(url, timeout=TIMEOUT_S, allow_redirects=True, headers=headers)
        if answer.status_code >= 400:
            with requests.get(url, timeout=TIMEOUT_S, stream=True, headers=headers) as answer:
                return Answer(url, answer.status_code, answer.url, "")
        return Answer(url, answer.status_code, answer.url, "")
    except requests.RequestException as problem:
        return Answer(url, None, url, type(problem).__name__)


def ask_all(urls: Iterable[str]) -> list[Answer]:
    """Ask for all pages, eight at a time, in their order."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, urls))


def main() -> int:
    """Parse the command line, check, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--offline", action="store_true", help="look at form, duplicates and known moves only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what each address answered")
    options = parser.parse_args()
    faults = [str(fault) for fault in reference_faults(ROOT)]
    urls = addresses()
    print(f"{len(urls)} addresses; {len(faults)} faults that can be seen without a network")
    print("".join(f"  {fault}\n" for fault in faults), end="")
    if options.offline:
        return 1 if faults else 0
    answers = ask_all(urls)
    if options.json:
        options.json.write_text(json.dumps([asdict(answer) for answer in answers], indent=1) + "\n", "utf-8")
    reached = [answer for answer in answers if answer.status is not None]
    if not reached:
        print("no address answered: there is no network here, so nothing is known about them")
        return 1 if faults else 0
    gone = [answer for answer in reached if answer.is_gone]
    moved = [
        answer for answer in reached if not answer.is_gone and answer.final_url.rstrip("/") != answer.url.rstrip("/")
    ]
    print(f"{len(reached)} answered, {len(gone)} are gone, {len(moved)} lead elsewhere")
    print("".join(f"  gone   {answer.url}\n" for answer in gone), end="")
    print("".join(f"  leads  {answer.url} -> {answer.final_url}\n" for answer in moved), end="")
    return 1 if faults or gone else 0


if __name__ == "__main__":
    sys.exit(main())
