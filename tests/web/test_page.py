"""The verifier page as a page: its policy, its size, and what people need."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.web.cases import Cases
from tests.web.chromium import BrowserError, Chromium, Page
from tests.web.csp import META, PAGE, policy_of, refreshed
from tests.web.verifying import URL, fill, pressed, shown_by, verify

SOURCE = PAGE.read_text("utf-8")
BYTES_MAX = 64 * 1024
TEXT_CONTRAST, BORDER_CONTRAST = 4.5, 3
"""WCAG 2.2, 1.4.3 and 1.4.11."""

CONTRASTS = """(() => {
  const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
  const light = (colour) => {
    const [red, green, blue] = numbers(colour).map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
    return "rgb(0, 0, 0)";
  };
  const found = [];
  for (const node of document.querySelectorAll("body, body *")) {
    const style = getComputedStyle(node), html = node.outerHTML.slice(0, 80);
    const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.data.trim());
    if (node.checkVisibility() && own) found.push(["text", ratio(style.color, behind(node)), html]);
    if (node.matches("textarea, button, .banner")) {
      const frame = node.matches(".main") ? behind(node) : style.borderTopColor;
      found.push(["border", ratio(frame, behind(node.parentElement)), html]);
    }
  }
  return found;
})()"""


@pytest.fixture
def case(cases: Cases, tmp_path: Path) -> Path:
    """A reviewed case in a file."""
    file = tmp_path / "case.json"
    file.write_bytes(cases.good["reviewed"])
    return file


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    """The page, just opened."""
    page = browser.page()
    page.go(URL)
    yield page
    page.close()


def test_the_policy_is_that_of_the_script_and_style() -> None:
    """After a change of either, run `python -m tests.web.csp`."""
    found = META.search(SOURCE)
    assert found is not None
    assert found[2] == policy_of(SOURCE)
    assert refreshed(SOURCE) == SOURCE
    changed = refreshed(SOURCE.replace('"use strict";', '"use strict"; '))
    assert META.sub("", changed) != META.sub("", SOURCE)
    assert policy_of(changed) != policy_of(SOURCE)


def test_the_page_is_one_small_file_that_loads_nothing() -> None:
    assert len(SOURCE.encode()) <= BYTES_MAX
    assert re.findall(r"""\b(?:src|href|action|data)\s*=\s*["']""", SOURCE) == []
    assert re.findall(r"https?://(?!in-toto\.io/Statement/v1)", SOURCE) == []
    assert (
        re.findall(
            r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|fetch|localStorage)\b",
            SOURCE,
        )
        == []
    )
    assert re.findall(r"<[a-z]+[^>]*\s(?:on[a-z]+|style)=", SOURCE) == []
    assert max(map(len, SOURCE.splitlines())) < 300


def received(server: socket.socket) -> bytes:
    """All that clients send until none comes; a browser may connect before it asks its policy."""
    sent = b""
    with contextlib.suppress(TimeoutError):
        while True:
            client, _ = server.accept()
            with client, contextlib.suppress(TimeoutError):
                client.settimeout(0.3)
                sent += client.recv(100)
    return sent


def test_nothing_that_is_put_into_the_page_runs_or_leaves(page: Page) -> None:
    """The policy holds although the tests' own script puts in what it can."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        attempts = [
            "document.body.innerHTML = '<img src=x onerror=\"globalThis.owned = 1\">'",
            "document.body.setAttribute('onclick', 'globalThis.owned = 1')",
            "document.createElement('script').textContent = 'globalThis.owned = 1'",
            "setTimeout('globalThis.owned = 1', 0)",
            "document.write('<script>globalThis.owned = 1</script>')",
        ]
        for attempt in attempts:
            with pytest.raises(BrowserError, match=r"TrustedHTML|TrustedScript"):
                page.run(f"(() => {{ {attempt} }})()")
        leaving = f"""(async () => {{
          const image = Object.assign(document.createElement("img"), {{ src: "{address}" }});
          const frame = Object.assign(document.createElement("iframe"), {{ src: "{address}" }});
          const form = Object.assign(document.createElement("form"), {{ action: "{address}" }});
          document.body.append(image, frame, form);
          form.submit();
          return fetch("{address}").then(() => "left", () => "stayed");
        }})()"""
        assert page.run(leaving) == "stayed"
        assert received(server) == b""
    assert page.run("typeof globalThis.owned") == "undefined"
    assert page.run("location.protocol") == "file:"
    assert any("Content Security Policy" in line for line in page.console)


def test_the_pasted_file_counts(page: Page, cases: Cases) -> None:
    fill(page, "#log-keys", cases.keys)
    page.run("document.querySelector('#case-text').closest('details').open = true")
    text = cases.good["pass"].decode()
    page.run(f"document.querySelector('#case-text').value = {json.dumps(text)}")
    assert pressed(page).word == "PASS"


def drop(page: Page, selector: str, *files: Path) -> None:
    """Drag files onto an element and let them go."""
    box = f"document.querySelector({selector!r}).getBoundingClientRect()"
    x, y = (page.run(f"{box}.{edge} + 5") for edge in ("left", "top"))
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)
    page.run("new Promise((resolve) => setTimeout(resolve, 100))")


def test_files_can_be_dropped(page: Page, cases: Cases, case: Path, tmp_path: Path) -> None:
    """Case file and keys together, in any order, anywhere."""
    keys = tmp_path / "log.vkeys"
    keys.write_text(cases.keys)
    drop(page, "h1", keys, case)
    assert page.run("document.getElementById('log-keys').value") == cases.keys
    assert pressed(page).word == "PASS"


def test_a_new_choice_takes_the_old_result_away(
    browser: Chromium, cases: Cases, case: Path
) -> None:
    page, shown = verify(browser, case, cases.keys)
    assert shown.word == "PASS"
    fill(page, "#log-keys", "x")
    assert (shown_by(page).all, shown_by(page).status) == ("", "")
    assert pressed(page).named("FAIL") == {"Verifier keys of the log"}
    page.run("document.querySelector('[type=reset]').click()")
    assert shown_by(page).all == ""
    assert pressed(page).told == "Choose a case file of up to 16 MiB first."
    page.close()


def test_a_name_of_a_file_cannot_turn_the_text_around(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "case\u202egpj\u200b.json"
    file.write_bytes(b"{}")
    page.choose("#case-file", file)
    hint = "document.getElementById('case-hint')"
    assert page.run(f"{hint}.textContent") == "Chosen: caseU+202EgpjU+200B.json, 2 bytes."
    assert page.run(f"{hint}.querySelectorAll('mark.odd').length") == 2


def test_every_odd_character_is_shown_as_its_number(page: Page) -> None:
    odd = (
        "\x00\x1f\x7f\x85\u00a0\u00ad\u034f\u061c\u115f\u180e\u200b\u200f\u2028\u202e\u2066"
        "\u3164\ufe0f\ufeff\ufff9\ue000\U000e0041\U000e0100"
    )
    for character in odd:
        shown = page.run(f"visible({json.dumps(f'a{character}b')}).map((node) => node.textContent)")
        assert shown == ["a", f"U+{ord(character):04X}", "b"]
    plain = "Ä ß 天秋　設計 한국 مصنع ไทย é 😀 ½ €"
    assert page.run(f"visible({json.dumps(plain)}).map((node) => node.textContent)") == [plain]


def test_an_old_browser_is_told_so(browser: Chromium) -> None:
    page = browser.page()
    source = "SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('no'))"
    page.call("Page.addScriptToEvaluateOnNewDocument", source=source)
    page.go(URL)
    page.run("new Promise((resolve) => setTimeout(resolve, 50))")
    assert page.run("document.getElementById('verify').disabled")
    assert "This browser cannot verify here" in shown_by(page).told
    page.close()


def test_the_keyboard_is_enough(page: Page, cases: Cases, case: Path) -> None:
    """Tab reaches every control in the order of reading; the result takes the focus."""
    page.choose("#case-file", case)
    page.run(f"document.getElementById('log-keys').value = {json.dumps(cases.keys)}")
    page.run("document.activeElement.blur()")
    active = "(document.activeElement.id || document.activeElement.textContent)"
    reached = []
    for _ in range(7):
        page.press("Tab", 9)
        reached.append(page.run(active))
    assert reached == [
        "case-file",
        "Paste the case file instead",
        "log-keys",
        "log-keys-file",
        "Witnesses (optional)",
        "verify",
        "Clear",
    ]
    page.press("Tab", 9, modifiers=8)
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter", 13, text="\r")
    page.run(
        "new Promise((resolve) => { const look = () => document.getElementById('result').hidden"
        " ? setTimeout(look, 5) : resolve(); look(); })"
    )
    assert page.run("document.activeElement.textContent") == "Result"
    assert shown_by(page).status.startswith("PASS: ")


def named(tree: list[dict[str, Any]], *roles: str) -> list[str]:
    return [
        node.get("name", {}).get("value", "")
        for node in tree
        if not node["ignored"] and node.get("role", {}).get("value") in roles
    ]


def test_a_screen_reader_finds_names_headings_and_a_status(
    browser: Chromium, cases: Cases, case: Path
) -> None:
    page, _ = verify(browser, case, cases.keys)
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    controls = named(tree, "button", "textbox", "DisclosureTriangle", "region", "table")
    assert len(controls) > 10
    assert all(controls)
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("document.title") == "Verify a case file"
    assert page.run("document.querySelectorAll('main').length") == 1
    levels = page.run(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map((each) => Number(each.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert any(name.startswith("Result") for name in named(tree, "heading"))
    roles = {node["role"]["value"] for node in tree if "role" in node}
    assert {"main", "status", "alert", "list"} <= roles
    words = page.run(
        "[...document.querySelectorAll('#checks .word')].map((each) => each.textContent)"
    )
    assert set(words) == {"PASS", "NOT CHECKED"}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(browser: Chromium, cases: Cases, case: Path, scheme: str) -> None:
    """Contrast of every text, with a result and with a failure; targets of 24 pixels and more."""
    for keys in (cases.keys, "no key"):
        page, _ = verify(browser, case, keys)
        page.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        found = page.run(CONTRASTS)
        assert len(found) > 40
        least = {"text": TEXT_CONTRAST, "border": BORDER_CONTRAST}
        assert [each for each in found if each[1] < least[each[0]]] == []
        sizes = page.run(
            "[...document.querySelectorAll('input, textarea, button, summary')]"
            ".filter((each) => each.checkVisibility()).map((each) => each.offsetHeight)"
        )
        assert min(sizes) >= 24
        page.close()


def test_a_narrow_screen_and_paper_show_everything(
    browser: Chromium, cases: Cases, case: Path
) -> None:
    """No line runs out of 320 pixels, or of A4 without its margins; the form is not printed."""
    page, _ = verify(browser, case, cases.keys)
    width = "document.documentElement.scrollWidth"
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=320,
        height=640,
        deviceScaleFactor=1,
        mobile=False,
    )
    assert page.run(width) <= 320
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=673,
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.run(width) <= 673
    assert not page.run("document.getElementById('form').checkVisibility()")
    page.call("Emulation.setEmulatedMedia", media="")
    printed = page.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    assert base64.b64decode(printed).startswith(b"%PDF-")
    assert page.run("[...document.querySelectorAll('#result details')].every((each) => each.open)")
    page.close()
