"""The film of a lab: captions, chapters and a transcript as values, and whether it still shows the lab as it is.

Recording needs a browser and ffmpeg and is a tool's work (tools/videos.py); everything here is text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecrlab.course.notebook import read_notebook
from ecrlab.errors import InvalidInput

__all__ = ["FOLDER", "Chapter", "Cue", "Film", "film_is_current", "film_of", "lab_hash", "write_film"]

FOLDER = "video"
"""Where a lab keeps its film: lab.mp4, lab.webm, captions.vtt, chapters.vtt, transcript.md, film.json."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A caption: from ``start`` to ``end``, in seconds. An ``end`` of 0 lasts to the next cue."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a part begins, in seconds, and what it is called."""

    start: float
    title: str


@dataclass(frozen=True, slots=True)
class Film:
    """What a film says and when.

    Args:
        title: The lab's.
        seconds: How long it is.
        cues: Captions in their order.
        chapters: Parts in their order; the first begins at 0.
        lab_hash: Of the lab that was filmed.
    """

    title: str
    seconds: float
    cues: tuple[Cue, ...]
    chapters: tuple[Chapter, ...]
    lab_hash: str

    def spoken(self) -> Iterator[Cue]:
        """Yield the captions with their ends: each lasts until the next one begins."""
        ends = [*(cue.start for cue in self.cues[1:]), self.seconds]
        for cue, end in zip(self.cues, ends, strict=True):
            yield Cue(cue.start, cue.end or end, cue.text)

    def captions(self) -> str:
        """Return the captions as WebVTT."""
        blocks = [
            f"{_clock(cue.start)} --> {_clock(cue.end)}\n{cue.text}" for cue in self.spoken() if cue.end > cue.start
        ]
        return "\n\n".join(["WEBVTT", *blocks]) + "\n"

    def chapter_track(self) -> str:
        """Return the chapters as WebVTT."""
        blocks = [f"{_clock(start)} --> {_clock(end)}\n{title}" for start, end, title in self._parts()]
        return "\n\n".join(["WEBVTT", *blocks]) + "\n"

    def transcript(self) -> str:
        """Return everything that is said, chapter by chapter, as Markdown."""
        lines = [f"# {self.title}: transcript of the film", ""]
        for start, end, title in self._parts():
            lines += [f"## {_minutes(start)} {title}", ""]
            lines += [f"- {cue.text}" for cue in self.cues if start <= cue.start < end]
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"

    def ffmetadata(self) -> str:
        """Return title and chapters as ffmpeg reads them; times in milliseconds."""
        lines = [";FFMETADATA1", f"title={self.title}"]
        for start, end, title in self._parts():
            times = f"START={round(start * 1000)}\nEND={round(end * 1000)}"
            lines.append(f"[CHAPTER]\nTIMEBASE=1/1000\n{times}\ntitle={title}")
        return "\n".join(lines) + "\n"

    def _parts(self) -> Iterator[tuple[float, float, str]]:
        ends = [*(chapter.start for chapter in self.chapters[1:]), self.seconds]
        for chapter, end in zip(self.chapters, ends, strict=True):
            yield chapter.start, end, chapter.title


def lab_hash(lab: Path) -> str:
    """Hash what a film of a lab shows: the notebook's content and the exercises."""
    content = read_notebook(lab / "lab.ipynb").content_hash() + (lab / "exercises.py").read_text("utf-8")
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def film_is_current(lab: Path) -> bool:
    """Tell whether a lab has a film, and the lab is still as it was filmed."""
    film = film_of(lab)
    return film is not None and film.lab_hash == lab_hash(lab)


def film_of(lab: Path) -> Film | None:
    """Return what is known about a lab's film; ``None`` if there is none.

    Raises:
        InvalidInput: ``film.json`` is not what ``write_film`` writes.
    """
    path = lab / FOLDER / "film.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
        return Film(
            found["title"],
            found["seconds"],
            tuple(Cue(*cue) for cue in found["cues"]),
            tuple(Chapter(*chapter) for chapter in found["chapters"]),
            found["lab_hash"],
        )
    except (ValueError, KeyError, TypeError) as problem:
        fact = f"it does not describe a film ({type(problem).__name__}: {problem})"
        raise InvalidInput(f"{lab.name}/{FOLDER}/film.json", fact, "record it again: make videos") from problem


def write_film(film: Film, folder: Path) -> None:
    """Write captions, chapters, transcript and what ``film_of`` reads, beside the pictures."""
    (folder / "captions.vtt").write_text(film.captions(), "utf-8")
    (folder / "chapters.vtt").write_text(film.chapter_track(), "utf-8")
    (folder / "transcript.md").write_text(film.transcript(), "utf-8")
    told = {
        "title": film.title,
        "seconds": round(film.seconds, 2),
        "lab_hash": film.lab_hash,
        "chapters": [[round(each.start, 2), each.title] for each in film.chapters],
        "cues": [[round(each.start, 2), round(each.end, 2), each.text] for each in film.spoken()],
    }
    (folder / "film.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
