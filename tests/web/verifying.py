"""Using the verifier page as a person does, and reading what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.web.chromium import Chromium, Page
from tests.web.csp import PAGE

URL: Final = PAGE.as_uri()
_READ: Final = """(() => {
  const at = (id) => document.getElementById(id), text = (node) => node?.textContent ?? "";
  return {
    told: text(at("told")), status: text(at("status")),
    banner: text(document.querySelector(".banner")),
    rows: [...document.querySelectorAll("#checks li")].map((row) => [...row.children].map(text)),
    decision: text(at("decision")), declaration: text(at("declaration")),
    unchecked: text(at("unchecked")), all: text(at("result")),
  };
})()"""
_DONE: Final = """new Promise((resolve) => {
  const done = () => !document.getElementById("result").hidden
    || document.getElementById("told").textContent;
  const look = () => (done() ? resolve() : setTimeout(look, 5));
  look();
})"""


@dataclass(frozen=True)
class Shown:
    """What the page shows: its verdict on the file, the checks by name, the content."""

    told: str
    status: str
    banner: str
    rows: dict[str, tuple[str, str]]
    decision: str
    declaration: str
    unchecked: str
    all: str

    def named(self, status: str) -> set[str]:
        """The names of the checks with a status."""
        return {name for name, (found, _) in self.rows.items() if found == status}

    @property
    def word(self) -> str:
        """PASS, FAIL or NOT CHECKED, of the file as a whole."""
        return self.status.partition(":")[0]


def shown_by(page: Page) -> Shown:
    """Read the page."""
    read = page.run(_READ)
    rows = {name: (status, found) for status, name, found in read.pop("rows")}
    return Shown(rows=rows, **read)


def fill(page: Page, selector: str, text: str) -> None:
    """Put text into a field, as pasting does."""
    node = f"document.querySelector({selector!r})"
    page.run(f"{node}.value = ''; {node}.focus()")
    page.call("Input.insertText", text=text)


def pressed(page: Page) -> Shown:
    """What the page shows after its button was pressed."""
    page.run("document.getElementById('verify').click()")
    page.run(_DONE)
    return shown_by(page)


def verify(
    browser: Chromium,
    case: Path,
    keys: str,
    *,
    witnesses: str = "",
    before: str = "",
    url: str = URL,
) -> tuple[Page, Shown]:
    """Verify a case file in a new tab; `before` is a script that runs before the page's."""
    page = browser.page()
    if before:
        page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
    page.go(url)
    fill(page, "#log-keys", keys)
    if witnesses:
        page.run("document.querySelector('#witness-keys').closest('details').open = true")
        fill(page, "#witness-keys", witnesses)
    page.choose("#case-file", case)
    return page, pressed(page)
