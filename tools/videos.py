"""Record a film of every lab: from the real JupyterLab, by script, with captions, chapters and a transcript.

    python tools/videos.py                      every lab whose film is missing or older than the lab
    python tools/videos.py labs/01_push_and_pull
    python tools/videos.py --check              which films are missing or old; records nothing

A film shows the lab worked through: each task's text, its starting state, an answer as it is typed, and what the check
says. It is made of pictures of the page with planned durations, so it is the same length on every machine. It needs
chromium and ffmpeg (on Debian: apt-get install chromium ffmpeg).
"""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from ecrlab.course.catalogue import lab_folders, load_exercises
from ecrlab.course.exercise import Exercise
from ecrlab.course.films import Chapter, Cue, Film, film_is_current, lab_hash, write_film
from ecrlab.course.notebook import read_notebook
from serving import CHROMIUM, FLAGS, ROOT, RunningLab, serving

WIDTH, HEIGHT = 1280, 720
STRIP = 84
"""Pixels at the bottom of the picture for the caption, so that it is seen where tracks are not."""

TYPING_STEPS = 7

_PREPARE = """(strip) => {
  const style = document.createElement('style');
  style.textContent = `
    #main { height: calc(100% - ${strip}px) !important; }
    #film { position: fixed; left: 0; right: 0; bottom: 0; height: ${strip}px; z-index: 10000; background: #14213d;
      color: #fff; font: 22px/1.35 system-ui, sans-serif; display: flex; align-items: center; padding: 0 28px; }
    #film b { color: #ffd166; margin-right: 18px; white-space: nowrap; }
    .jp-cell-toolbar, .jp-Toolbar .jp-DebuggerBugButton { display: none !important; }`;
  document.head.append(style);
  const film = document.createElement('div');
  film.id = 'film';
  document.body.append(film);
  window.dispatchEvent(new Event('resize'));
}"""

_SHOW = """async (index) => {
  const panel = window.jupyterapp.shell.currentWidget.content;
  panel.activeCellIndex = index;
  await panel.scrollToItem(index, 'start');
}"""

_RUN = """async (index) => {
  const app = window.jupyterapp;
  const panel = app.shell.currentWidget.content;
  panel.activeCellIndex = index;
  await app.commands.execute('notebook:run-cell');
}"""

_LOWEST = """(index) => {
  const panel = window.jupyterapp.shell.currentWidget.content;
  const cell = panel.widgets[index].node;
  const outer = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer');
  const below = cell.getBoundingClientRect().bottom - outer.getBoundingClientRect().bottom;
  if (below > 0) outer.scrollTop += below + 12;
}"""


@dataclass
class Recording:
    """Pictures with their durations, and what is said meanwhile."""

    folder: Path
    frames: list[tuple[Path, float]] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    chapters: list[Chapter] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it is so far."""
        return sum(duration for _, duration in self.frames)


class Camera:
    """A browser's page that is photographed.

    Args:
        page: Playwright's page, with the lab open.
        recording: Where pictures go.
    """

    def __init__(self, page: object, recording: Recording) -> None:
        self.page = page
        self.recording = recording

    def say(self, label: str, text: str) -> None:
        """Put a caption under the page; it stays until the next one."""
        markup = f"<b>{html.escape(label)}</b><span>{html.escape(text)}</span>"
        self.page.evaluate("(markup) => { document.querySelector('#film').innerHTML = markup; }", markup)
        self.recording.cues.append(Cue(self.recording.seconds, 0.0, f"{label}: {text}"))

    def hold(self, seconds: float) -> None:
        """Take a picture that is shown for so long."""
        path = self.recording.folder / f"{len(self.recording.frames):04}.png"
        self.page.screenshot(path=str(path))
        self.recording.frames.append((path, seconds))

    def chapter(self, title: str) -> None:
        """Begin a chapter here."""
        self.recording.chapters.append(Chapter(self.recording.seconds, title))


def record(lab: Path, running: RunningLab, recording: Recording) -> None:
    """Work a lab through in a browser, and photograph it."""
    from page import LabPage
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": WIDTH, "height": HEIGHT}
        )
        page = context.pages[0]
        page.goto(f"{running.url}/lab/workspaces/{lab.name}?reset&token={running.token}")
        opened = LabPage(page, f"labs/{lab.name}/lab.ipynb")
        opened.command("application:toggle-left-area")
        page.evaluate(_PREPARE, STRIP)
        _work(Camera(page, recording), lab)
        context.close()


def _work(camera: Camera, lab: Path) -> None:
    notebook = read_notebook(lab / "lab.ipynb")
    exercises = load_exercises(lab)
    camera.chapter("What it is about")
    facts = notebook.facts()
    camera.say(facts.title.partition(":")[0], _first_sentence(facts.story or "A lab of the course"))
    _show(camera, 0)
    camera.hold(5)
    camera.say("Spoiler", "This film shows one answer to every task. Try the lab first.")
    camera.hold(3)
    for cell in notebook.cells:
        if cell.is_code and ("region = " in cell.source or "open_lab(" in cell.source):
            _run(camera, cell.index)
    camera.say("Set up", "Two cells open the lab: Amazon ECR runs inside this kernel.")
    camera.hold(4)
    for number, (id_, exercise) in enumerate(exercises.items(), start=1):
        _task(camera, notebook, number, id_, exercise)
    camera.chapter("Done")
    camera.say("Done", f"{len(exercises)} tasks. Restart the kernel and try them in a week, without hints.")
    camera.hold(5)


def _task(camera: Camera, notebook: object, number: int, id_: str, exercise: Exercise) -> None:
    """Show one task: what it asks for, its starting state, an answer as it is typed, and the check."""
    cells = notebook.cells
    check = next(c.index for c in cells if c.is_code and f'check("{id_}"' in c.source)
    reset = next(c.index for c in cells if c.is_code and f'reset("{id_}"' in c.source)
    starter = next(c.index for c in reversed(cells[:check]) if c.is_code)
    camera.chapter(f"{number}. {exercise.title}")
    camera.say(f"Task {number}", exercise.objective.rstrip(".") + ".")
    _show(camera, max(0, reset - 1))
    camera.hold(4)
    _run(camera, reset)
    camera.hold(2)
    for between in cells[reset + 1 : starter]:
        if between.is_code:
            _run(camera, between.index)
            camera.hold(2.5)
    camera.say(f"Task {number}", "One way to do it.")
    _show(camera, starter)
    for text in _typed(exercise.solution):
        _set(camera, starter, text)
        camera.hold(0.5)
    camera.hold(2)
    _run(camera, starter)
    camera.hold(1.5)
    _run(camera, check)
    camera.say(f"Task {number}", _first_sentence(exercise.explain))
    camera.hold(4.5)


def _typed(source: str) -> Iterator[str]:
    """Yield a source as it grows, a few lines at a time."""
    lines = source.splitlines()
    step = max(1, -(-len(lines) // TYPING_STEPS))
    for end in range(step, len(lines) + step, step):
        yield "\n".join(lines[:end])


def _first_sentence(text: str) -> str:
    plain = " ".join(text.replace("`", "").replace("**", "").split())
    sentences = plain.split(". ")
    told = sentences[0]
    return told if told.endswith(".") else f"{told}."


def _show(camera: Camera, index: int) -> None:
    camera.page.evaluate(_SHOW, index)
    camera.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def _set(camera: Camera, index: int, source: str) -> None:
    camera.page.evaluate(
        "([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index]"
        ".model.sharedModel.setSource(source)",
        [index, source],
    )
    camera.page.evaluate(_LOWEST, index)


def _run(camera: Camera, index: int) -> None:
    camera.page.evaluate(_RUN, index)
    camera.page.evaluate(_LOWEST, index)
    camera.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def encode(recording: Recording, film: Film, folder: Path) -> None:
    """Write the film in both formats, with its chapters; raises SystemExit with ffmpeg's last words."""
    listing = recording.folder / "frames.txt"
    rows = [f"file '{path}'\nduration {duration}" for path, duration in recording.frames]
    listing.write_text("\n".join([*rows, f"file '{recording.frames[-1][0]}'"]) + "\n")
    marks = recording.folder / "chapters.txt"
    marks.write_text(film.ffmetadata())
    common = [
        "-nostdin",
        "-y",
        "-loglevel",
        "error",
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        str(listing),
        "-i",
        str(marks),
    ]
    common += ["-map_metadata", "1", "-vf", "fps=4,format=yuv420p"]
    _ffmpeg(
        [
            *common,
            "-c:v",
            "libx264",
            "-crf",
            "30",
            "-preset",
            "slow",
            "-movflags",
            "+faststart",
            str(folder / "lab.mp4"),
        ]
    )
    _ffmpeg(
        [
            *common,
            "-c:v",
            "libvpx-vp9",
            "-crf",
            "42",
            "-b:v",
            "0",
            "-row-mt",
            "1",
            "-cpu-used",
            "4",
            str(folder / "lab.webm"),
        ]
    )


def _ffmpeg(arguments: Sequence[str]) -> None:
    done = subprocess.run(["ffmpeg", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"videos: ffmpeg failed: {done.stderr.strip().splitlines()[-1]}")


def make(lab: Path) -> Film:
    """Record, encode and describe the film of one lab; the old one stays until the new one is complete."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("frames", "video", "course", "home"):
            (folder / part).mkdir()
        recording = Recording(folder / "frames")
        with serving(folder / "course", folder / "home") as running:
            record(lab, running, recording)
        title = read_notebook(lab / "lab.ipynb").facts().title
        film = Film(title, recording.seconds, tuple(recording.cues), tuple(recording.chapters), lab_hash(lab))
        encode(recording, film, folder / "video")
        write_film(film, folder / "video")
        shutil.rmtree(lab / "video", ignore_errors=True)
        shutil.move(folder / "video", lab / "video")
        return film


def main() -> int:
    """Parse the command line; record what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("labs", nargs="*", type=Path, help="folders of labs; default: those without a current film")
    parser.add_argument("--check", action="store_true", help="say which films are missing or old")
    options = parser.parse_args()
    old = [lab for lab in lab_folders(ROOT) if not film_is_current(lab)]
    if options.check:
        print("\n".join(f"{lab.relative_to(ROOT)}: no current film; run: make videos" for lab in old) or "all current")
        return 1 if old else 0
    for tool, path in (("chromium", CHROMIUM), ("ffmpeg", shutil.which("ffmpeg"))):
        if path is None:
            print(f"videos: {tool} is missing; install it with: sudo apt-get install {tool}", file=sys.stderr)
            return 2
    for lab in [path.resolve() for path in options.labs] or old:
        film = make(lab)
        size = (lab / "video" / "lab.mp4").stat().st_size
        print(f"{lab.relative_to(ROOT)}: {film.seconds:.0f} s, {len(film.chapters)} chapters, {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
