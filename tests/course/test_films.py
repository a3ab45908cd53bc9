"""The films of the labs: each shows its lab as it is, says everything in text, and is small enough to keep."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ecrlab.course.catalogue import lab_folders, load_exercises
from ecrlab.course.films import FOLDER, Chapter, Cue, Film, film_is_current, film_of, write_film
from ecrlab.course.notebook import read_notebook
from ecrlab.errors import InvalidInput

COURSE = Path(__file__).parents[2]
LABS = lab_folders(COURSE)
EACH_LAB = pytest.mark.parametrize("lab", LABS, ids=[lab.name for lab in LABS])
LARGEST = 3_000_000
"""Bytes of one file."""


@EACH_LAB
def test_every_lab_has_a_film_of_itself_as_it_is(lab):
    """The film's lab and this one have the same content; if not: make videos."""
    assert film_is_current(lab)


@EACH_LAB
def test_a_film_is_short_and_small(lab):
    """Two to four minutes; each file three megabytes at most."""
    film = film_of(lab)
    assert 120 <= film.seconds <= 240
    for name in ("lab.mp4", "lab.webm"):
        assert 0 < (lab / FOLDER / name).stat().st_size <= LARGEST


@EACH_LAB
def test_chapters_are_the_tasks(lab):
    """Between the beginning and the end each chapter is one task, in the lab's order."""
    titles = [chapter.title for chapter in film_of(lab).chapters]
    tasks = [f"{n}. {task.title}" for n, task in enumerate(load_exercises(lab).values(), start=1)]
    assert ["What it is about", *tasks, "Done"] == titles


@EACH_LAB
def test_the_first_cell_links_film_captions_and_transcript(lab):
    """All three lead to files, and the film is played in the page."""
    first = read_notebook(lab / "lab.ipynb").cells[0].source
    for name in ("lab.mp4", "captions.vtt", "transcript.md"):
        assert f"({FOLDER}/{name})" in first
        assert (lab / FOLDER / name).is_file()
    assert f'src="{FOLDER}/lab.mp4"' in first


@EACH_LAB
def test_the_film_is_as_long_as_it_says(lab):
    """The container's own length and chapters, where ffprobe is at hand, are those of the captions."""
    probe = shutil.which("ffprobe")
    if probe is None:
        pytest.skip("ffprobe is not installed: apt-get install ffmpeg")
    film = film_of(lab)
    for name in ("lab.mp4", "lab.webm"):
        command = [probe, "-v", "error", "-of", "json", "-show_format", "-show_chapters", "-show_streams"]
        told = json.loads(subprocess.run([*command, lab / FOLDER / name], capture_output=True, check=True).stdout)
        assert abs(float(told["format"]["duration"]) - film.seconds) < 1
        assert [chapter.title for chapter in film.chapters] == [each["tags"]["title"] for each in told["chapters"]]
        assert (1280, 720) == (told["streams"][0]["width"], told["streams"][0]["height"])


FILM = Film(
    "A lab",
    12.5,
    (Cue(0, 0, "Hello"), Cue(4.25, 0, "Task 1: do it.")),
    (Chapter(0, "What it is about"), Chapter(4.25, "1. First")),
    "sha256:00",
)


def test_captions_are_web_vtt():
    """A caption lasts until the next one; the last until the end."""
    assert (
        "WEBVTT\n\n00:00:00.000 --> 00:00:04.250\nHello\n\n00:00:04.250 --> 00:00:12.500\nTask 1: do it.\n"
        == FILM.captions()
    )
    assert "WEBVTT\n\n00:00:00.000 --> 00:00:04.250\nWhat it is about\n" in FILM.chapter_track()


def test_the_transcript_says_it_chapter_by_chapter():
    """Each caption stands under its chapter, with the minute at which that begins."""
    assert (
        "# A lab: transcript of the film\n\n## 0:00 What it is about\n\n- Hello\n\n"
        "## 0:04 1. First\n\n- Task 1: do it.\n" == FILM.transcript()
    )


def test_what_is_written_is_read_back(tmp_path):
    """``film.json`` holds all of it, ends of captions included."""
    (tmp_path / FOLDER).mkdir()
    write_film(FILM, tmp_path / FOLDER)
    found = film_of(tmp_path)
    assert FILM.captions() == found.captions() == (tmp_path / FOLDER / "captions.vtt").read_text("utf-8")
    assert (FILM.seconds, FILM.chapters, FILM.lab_hash) == (found.seconds, found.chapters, found.lab_hash)


def test_a_lab_without_a_film(tmp_path):
    """That is an answer, and no error."""
    assert film_of(tmp_path) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"title": "x"}'])
def test_error_a_broken_description(tmp_path, text):
    """The message says how to make it again."""
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "film.json").write_text(text)
    with pytest.raises(InvalidInput) as failure:
        film_of(tmp_path)
    assert re.match(
        r".*/video/film\.json: it does not describe a film \(.*\); record it again: make videos$", str(failure.value)
    )
