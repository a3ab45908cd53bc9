"""Progress bars: drawn for people, silent for programs."""

from __future__ import annotations

from ecrlab.registry.report import Progress
from ecrlab.show import progress_bar
from ecrlab.show.transfers import ProgressBar


def test_nothing_is_drawn_for_a_program(capsys):
    """Where nobody looks on, outputs stay the same on every machine."""
    bar = progress_bar()
    bar(Progress("upload", "sha256:1234", 5, 10))
    bar(Progress("upload", "sha256:1234", 10, 10))
    assert ("", "") == capsys.readouterr()


def test_a_bar_names_the_stage_and_goes_away_when_done(capsys):
    """The bar says what happens and how much there is, and is closed by the last piece."""
    bar = ProgressBar(visible=True)
    bar(Progress("upload", "sha256:1234", 512, 1024))
    bar(Progress("upload", "sha256:5678", 1024, 1024))
    drawn = capsys.readouterr().err
    assert "Upload" in drawn
    assert "1.00k" in drawn
    assert bar._bar is None


def test_one_bar_serves_a_push_and_a_pull(capsys):
    """A second transfer begins a new bar; closing twice is fine."""
    bar = ProgressBar(visible=True)
    bar(Progress("upload", "a", 1, 4))
    bar(Progress("download", "b", 2, 4))
    bar.close()
    bar.close()
    assert "Download" in capsys.readouterr().err
