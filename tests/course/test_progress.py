"""Progress: what it keeps, and what it does with a file that is not as it should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ecrlab import check, hint
from ecrlab.course.progress import ExerciseProgress, ProgressFile, QuizProgress, default_path
from ecrlab.errors import InvalidInput, ProgressUnreadable

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def progress(tmp_path):
    """A progress file that does not exist yet, in a folder that does not exist yet."""
    return ProgressFile(tmp_path / "deep" / "progress.json")


def test_what_was_done_is_kept(progress):
    """Attempts, mistakes, hints, the first success and the solution are all there for the next kernel."""
    assert [None] * 5 == [
        progress.record_outcome("01.create", "incorrect", "dash", at=AT),
        progress.record_outcome("01.create", "correct", None, at=AT),
        progress.record_hint("01.create", 2),
        progress.record_solution("01.create", at=AT),
        progress.record_answer("01.tag", "b", correct=False, at=AT),
    ]
    kept = ProgressFile(progress.path).read()
    assert {"01.create": ExerciseProgress(2, "correct", AT, {"dash": 1}, 2, True)} == kept.exercises
    assert {"01.tag": QuizProgress(1, False, "b")} == kept.quizzes


@pytest.mark.parametrize("kind", ["not_attempted", "uncheckable"])
def test_what_is_no_attempt_is_not_counted(progress, kind):
    """Neither a blank nor a check that broke is held against the learner."""
    assert progress.record_outcome("01.create", kind, None, at=AT) is None
    assert {} == progress.read().exercises


def test_a_later_mistake_does_not_take_the_success_away(progress):
    """Who has done a task has done it, whatever is tried afterwards."""
    progress.record_outcome("01.create", "correct", None, at=AT)
    progress.record_outcome("01.create", "incorrect", None, at=AT)
    assert "done" == progress.read().table().rows[0][2]


def test_an_old_hint_does_not_lower_the_count(progress):
    """Reading the first hint again leaves the third one seen."""
    progress.record_hint("01.create", 3)
    progress.record_hint("01.create", 1)
    assert 3 == progress.hints_seen("01.create")


def test_two_kernels_lose_nothing(tmp_path):
    """Two processes that record at the same time both get all of theirs in."""
    path = tmp_path / "progress.json"
    code = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from ecrlab.course.progress import ProgressFile\n"
        "file, now = ProgressFile(Path(sys.argv[1])), datetime.now(UTC)\n"
        "for _ in range(40): file.record_outcome(sys.argv[2], 'incorrect', None, at=now)"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(path), id_]) for id_ in ("01.one", "01.two")]
    assert [0, 0] == [process.wait(timeout=60) for process in both]
    assert {"01.one": 40, "01.two": 40} == {
        id_: each.attempts for id_, each in ProgressFile(path).read().exercises.items()
    }


WHOLE = {"version": 1, "exercises": {"01.old": {"attempts": 1, "outcome": "correct"}}, "quizzes": {}}
DAMAGED = {
    "cut in half": (json.dumps(WHOLE)[:40], "it is not complete JSON"),
    "empty": ("", "it is not complete JSON"),
    "no text": (b"\xff\xfe\x00", "it is no text"),
    "nested without end": ("[" * 100_000, "it is not complete JSON"),
    "a list": ("[]", "it names no version"),
    "a version that is no number": ('{"version": true}', "it names no version"),
    "no exercises": ('{"version": 1}', "its entries have another shape"),
    "a count as text": (json.dumps(WHOLE).replace("1, ", '"1", ', 2), "it names no version"),
    "attempts as text": (
        json.dumps({**WHOLE, "exercises": {"01.old": {"attempts": "3"}}}),
        "its entries have another shape",
    ),
    "an outcome that we do not have": (
        json.dumps({**WHOLE, "exercises": {"01.old": {"outcome": "perfect"}}}),
        "its entries have another shape",
    ),
}


@pytest.mark.parametrize(("content", "fault"), DAMAGED.values(), ids=DAMAGED)
def test_error_a_damaged_file_is_kept_aside(tmp_path, content, fault):
    """The learner is told, the damaged file stays, and what is done now is kept."""
    path = tmp_path / "progress.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    note = ProgressFile(path).record_outcome("01.create", "correct", None, at=AT)
    assert f"progress.json was damaged ({fault}); it is kept as progress.damaged-1.json, and a new one begins." == note
    assert before == (tmp_path / "progress.damaged-1.json").read_bytes()
    assert ["01.create"] == list(ProgressFile(path).read().exercises)


def test_error_a_second_damaged_file_overwrites_no_first(tmp_path):
    """Every damaged file is kept under a name of its own."""
    path = tmp_path / "progress.json"
    for content in ("one", "two"):
        path.write_text(content)
        ProgressFile(path).record_hint("01.create", 1)
    kept = [(tmp_path / f"progress.damaged-{number}.json").read_text() for number in (1, 2)]
    assert ["one", "two"] == kept


def test_error_a_newer_file_is_not_touched(tmp_path):
    """A file of a later version is nothing that this one may write to or guess at."""
    path = tmp_path / "progress.json"
    path.write_text('{"version": 2, "new": true}')
    file = ProgressFile(path)
    fault = f"{path}: it is of version 2 and this kit writes version 1; update the kit"
    assert f"progress was not saved: {fault}" == file.record_outcome("01.create", "correct", None, at=AT)
    with pytest.raises(ProgressUnreadable) as caught:
        file.read()
    assert (fault, '{"version": 2, "new": true}') == (str(caught.value), path.read_text())


def test_error_a_place_that_cannot_be_written(tmp_path):
    """Where nothing can be saved, the sentence names the place, the reason and the way out."""
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "progress.json"
    note = ProgressFile(path).record_outcome("01.create", "correct", None, at=AT)
    expected = f"progress was not saved to {path}: Not a directory. Set ECRLAB_PROGRESS to a file that can be written."
    assert expected.replace("Not a directory", "File exists") == note or expected == note


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_error_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, progress):
    """When the disk is full the old progress stays whole, and no half file is left behind."""
    progress.record_hint("01.create", 1)
    before = progress.path.read_bytes()

    def full(*, prefix, suffix, **place):
        link = place["dir"] / f"{prefix}{suffix}"
        link.symlink_to("/dev/full")
        return os.open(link, os.O_WRONLY), str(link)

    monkeypatch.setattr("ecrlab.course.progress.tempfile.mkstemp", full)
    note = progress.record_hint("01.create", 2)
    assert "No space left on device" in note
    assert before == progress.path.read_bytes()
    assert {"progress.json", "progress.json.lock"} == {path.name for path in progress.path.parent.iterdir()}


def test_a_verdict_is_given_even_if_it_cannot_be_kept(lab, tmp_path, monkeypatch):
    """Check says what it found, and in a note why it was not saved; hints can be asked for by number."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECRLAB_PROGRESS", str(tmp_path / "file" / "progress.json"))
    outcome = check("01.count", 0)
    assert ("correct", 1) == (outcome.kind, len(outcome.notes))
    assert "progress was not saved" in str(outcome)
    assert 'The next hint is `hint("01.create", 2)`.' in hint("01.create").body[-1]
    assert "Hint 2 of 3: A repository" == hint("01.create", 2).title


@pytest.mark.parametrize("number", [0, 4, "2"])
def test_error_there_is_no_such_hint(lab, number):
    """A task has three hints."""
    with pytest.raises(InvalidInput) as caught:
        hint("01.create", number)
    assert f"hint {number!r} of 01.create: there are 3; ask for 1 to 3" == str(caught.value)


def test_the_file_is_where_the_variable_says(tmp_path):
    """ECRLAB_PROGRESS names the file, and a ~ in it is the home folder."""
    assert Path.home() / "p.json" == default_path({"ECRLAB_PROGRESS": "~/p.json"})
    assert "progress.json" == default_path({}).name
