"""JupyterLab as a learner uses it: cells are clicked, typed into and run with Shift-Enter."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

_NUMBERED = re.compile(r"\[\d+\]:")
PATIENCE_MS = 60_000  # a deadline for conditions that are polled, never a pause

_READY = """async (path) => {
  const app = window.jupyterapp;
  await app.restored;
  const widget = await app.commands.execute('docmanager:open', { path });
  await widget.context.ready;
  await widget.sessionContext.ready;
  await widget.sessionContext.session.kernel.info;
  return widget.content.widgets.length;
}"""


class LabPage:
    """One notebook in JupyterLab.

    Args:
        page: The browser's page, already at the server's address.
        path: The notebook, relative to the course.
    """

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        page.wait_for_function("() => window.jupyterapp !== undefined", timeout=PATIENCE_MS)
        self.cells_count = page.evaluate(_READY, path)
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def cell(self, text: str) -> Locator:
        """Return the first code cell whose source contains a text, brought into view."""
        self._scroll_to(text)
        return self.notebook.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=text)).first

    def _scroll_to(self, text: str) -> None:
        # The notebook draws only what is near the window, so its own model is asked where a cell is.
        self.page.evaluate(
            """async (text) => {
              const panel = window.jupyterapp.shell.currentWidget.content;
              const index = panel.widgets.findIndex(
                cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(text));
              if (index < 0) throw new Error('no code cell contains ' + text);
              await panel.scrollToItem(index);
            }""",
            text,
        )

    def set_up(self) -> Locator:
        """Run the parameters and the setup cell; return the outputs of the latter, with the lab's card."""
        self.run("region = ")
        return self.run("lab = open_lab(region=region)")

    def run(self, text: str) -> Locator:
        """Click into a cell, press Shift-Enter, wait until it has run, and return its outputs."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        return self._finished(cell)

    def rewrite(self, text: str, source: str) -> Locator:
        """Replace what is in a cell, run it, and return its outputs."""
        cell = self.cell(text)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)
        cell = self.cell(source.splitlines()[-1])
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        return self._finished(cell)

    def answer(self, check: str, source: str) -> Locator:
        """Put a source into the code cell before the one that holds ``check``, run both, and return its outputs.

        The source goes into the cell's model: what typing does is another test's, and labs have eight tasks.
        """
        self.page.evaluate(
            """async ([check, source]) => {
              const app = window.jupyterapp;
              const panel = app.shell.currentWidget.content;
              const cells = panel.widgets;
              const last = cells.findIndex(cell => cell.model.type === 'code'
                && cell.model.sharedModel.source.includes(check));
              if (last < 0) throw new Error('no code cell contains ' + check);
              let first = last - 1;
              while (cells[first].model.type !== 'code') first -= 1;
              cells[first].model.sharedModel.setSource(source);
              for (const index of [first, last]) {
                panel.activeCellIndex = index;
                await app.commands.execute('notebook:run-cell');
              }
            }""",
            [check, source],
        )
        return self._finished(self.cell(check))

    def add_below(self, text: str, source: str) -> Locator:
        """Add a cell below another one with the keyboard, type into it, run it, and return its outputs."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Shift+Enter")
        return self._finished(self.cell(source))

    def _finished(self, cell: Locator) -> Locator:
        expect(cell.locator(".jp-InputPrompt")).to_have_text(_NUMBERED, timeout=PATIENCE_MS)
        return cell.locator(".jp-OutputArea").first

    def command(self, name: str) -> None:
        """Run one of JupyterLab's own commands, as its menus do."""
        self.page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)

    def theme(self, name: str) -> None:
        """Switch the theme: ``JupyterLab Light`` or ``JupyterLab Dark``."""
        self.page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=name)
