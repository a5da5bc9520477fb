"""The pages in docs/rules: one for each rule of each pack, an index, and the timeline.

`python -m examples.rules.pages` writes them anew from the folders in rules/. Everything on them is
in the packs; nothing is dated by the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attest.data import data_dir
from attest.encoding import loads
from attest.limits import PACK_BYTES_MAX
from attest.rules.pack import read_pack_folder
from attest.rules.papers import paper_of
from attest.rules.register import FACTS
from attest.rules.syntax import Conditional, Operation, parse, references
from examples.rules.timeline import picture, table

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "rules"
TIMELINE: Final = "timeline.svg"

_LISTED_MAX: Final = 60
_MADE: Final = (
    "This page is written by `python -m examples.rules.pages` from the pack; change the pack."
)
_READING: Final = "[How to read it](../../../rules/README.md#how-to-read-a-rule)."
_KINDS: Final = {
    "scope": "Scope: says whether something applies; it does not count towards the verdict.",
    "way": "Way: one way to overcome a presumption or to answer a licence requirement; "
    "it does not count by itself.",
    "presumption": "Presumption: stands where its scope applies and no way is shown.",
    "test": "Test: stands alone and counts towards the verdict.",
}
_RESULTS: Final = {"pass": "pass", "fail": "fail", "unknown": "unknown", "not_applicable": "n/a"}


def documents() -> dict[str, Any]:
    """The pack documents of the folders in rules/, by id."""
    root = data_dir("rules")
    names = sorted(each.name for each in root.iterdir() if (each / "pack.toml").is_file())
    read = [loads(read_pack_folder(root / name), bytes_max=PACK_BYTES_MAX) for name in names]
    return {document["id"]: document for document in read}


def pages(packs: Mapping[str, Any]) -> dict[str, str]:
    """Every file of docs/rules by its path there."""
    made = {"README.md": _index(packs), TIMELINE: picture(packs)}
    for pack in packs.values():
        words = _words(pack)
        for rule in pack["rules"]:
            made[f"{pack['id']}/{rule['name']}.md"] = _page(pack, rule, words)
    return made


def _index(packs: Mapping[str, Any]) -> str:
    lines = ["# The rules", "", f"{_MADE} {_READING.replace('../', '', 1)}", "", "## Timeline", ""]
    lines += [
        f"![The versions of the rules from 2020 to 2029; the table says the same]({TIMELINE})"
    ]
    lines += ["", "What the picture shows, with sources:", "", *table(packs)]
    lines += ["", "[exam.md](exam.md) holds these rules against published classifications."]
    for pack in packs.values():
        layer = "law" if pack["layer"] == "law" else "house rules, not law"
        lines += ["", f"## {pack['id']}: {pack['title']}", ""]
        lines += [f"Edition {pack['edition']}, {layer}, in force {_span(pack['effective'])}.", ""]
        lines += ["| rule | kind | what | in force |", "|---|---|---|---|"]
        for rule in pack["rules"]:
            spans = "; ".join(_span(version) for version in rule["versions"])
            link = f"[{rule['name']}]({pack['id']}/{rule['name']}.md)"
            lines.append(f"| {link} | {rule['kind']} | {_cell(rule['title'])} | {spans} |")
    return "\n".join(lines) + "\n"


def _page(pack: Any, rule: Any, words: Mapping[str, Any]) -> str:
    lines = [f"# {rule['title']}", "", f"Rule `{rule['name']}` of the pack `{pack['id']}`,"]
    lines[-1] += f" edition {pack['edition']}. {_KINDS[rule['kind']]} {_READING}"
    for version in rule["versions"]:
        lines += _version(version)
    used = _used(rule, words)
    lines += _definitions(used, words)
    lines += _params(used, words)
    lines += _open_points(rule, pack)
    lines += _facts(used)
    lines += ["", "---", "", f"{_MADE} [All rules](../README.md)"]
    return "\n".join(lines) + "\n"


def _version(version: Any) -> Iterator[str]:
    yield from ("", f"## In force {_span(version)}", "")
    tested = "of completion" if version.get("tested_on") != "decision" else "of the decision"
    yield f"- Source: {version['citation']}"
    yield f"- Confidence {version['confidence']}, text of {version['as_of']}"
    yield f"- The day that counts: the day {tested}"
    if version.get("on_fail"):
        yield f"- A fail contributes {version['on_fail']}"
    if version.get("note"):
        yield f"- Note: {version['note']}"
    if "scope" in version:
        ways = ", ".join(f"[{way}]({way}.md)" for way in version["overcome_by"])
        scope = version["scope"]
        yield f"- Stands where [{scope}]({scope}.md) passes; overcome by {ways}"
    yield from ("", "| result | what it says |", "|---|---|")
    for result, shown in _RESULTS.items():
        if result in version["says"]:
            yield f"| {shown} | {_cell(version['says'][result])} |"
    for member, title in (("applies", "Applies when"), ("holds", "Passes when")):
        if member in version:
            yield from ("", f"{title}:", "", "```", _broken(version[member]), "```")
    if version.get("clears_with"):
        yield from ("", "What would settle it:", "")
        yield from (f"- {text}" for text in version["clears_with"])


def _words(pack: Any) -> dict[str, Any]:
    """What names stand for: definitions (`define.x`, macros `x()`) and params (`params.x`)."""
    known = {f"params.{each['name']}": each for each in pack["params"]}
    for each in pack["definitions"]:
        name = f"{each['name']}()" if "parameter" in each else f"define.{each['name']}"
        known[name] = each
    return known


def _used(rule: Any, words: Mapping[str, Any]) -> list[str]:
    """Every name that a rule rests on, through definitions, in the order of first need."""
    found: dict[str, None] = {}
    todo = [
        version[member]
        for version in rule["versions"]
        for member in ("applies", "holds")
        if member in version
    ]
    while todo:
        for name in sorted(references(parse(todo.pop(0)))):
            if name not in found:
                found[name] = None
                if "value" in words.get(name, {}):
                    todo.append(words[name]["value"])
    return list(found)


def _definitions(used: list[str], words: Mapping[str, Any]) -> Iterator[str]:
    known = [(name, words[name]) for name in used if "value" in words.get(name, {})]
    if known:
        yield from ("", "## What the terms mean")
    for name, each in known:
        called = f"{each['name']}({each['parameter']})" if "parameter" in each else name
        yield from ("", f"`{called}`: {each['citation']}", "", "```", _broken(each["value"]), "```")
        if each.get("note"):
            yield from ("", each["note"])


def _params(used: list[str], words: Mapping[str, Any]) -> Iterator[str]:
    known = [(name, words[name]) for name in used if name.startswith("params.")]
    if known:
        yield from (
            "",
            "## Values",
            "",
            "| value | from | until | | source |",
            "|---|---|---|---|---|",
        )
    for name, param in known:
        for version in param["versions"]:
            until = version.get("until", "further notice")
            source = f"{version['citation']} ({version['confidence']}, {version['as_of']})"
            shown = _value(version["value"], param.get("unit", ""))
            yield f"| `{name}` | {version['from']} | {until} | {shown} | {_cell(source)} |"


def _open_points(rule: Any, pack: Any) -> Iterator[str]:
    readings = [each for version in rule["versions"] for each in version.get("readings", [])]
    ids = {each["ambiguity"] for each in readings}
    known = [each for each in pack["ambiguities"] if each["id"] in ids]
    if known:
        yield from ("", "## Open points of the text")
    for each in known:
        yield from ("", f"**{each['id']}, {each['title']}.** {each['problem']}", "")
        yield f"- What is computed: {each['reading']}"
        yield from (f"- Another reading: {other}" for other in each["others"])
        yield f"- Source: {each['citation']} ({each['confidence']}, {each['as_of']})"


def _facts(used: list[str]) -> Iterator[str]:
    papers: dict[str, list[str]] = {}
    for name in used:
        if name in FACTS:
            paper = paper_of(name)
            told = f"{paper.title} ({paper.signer})" if paper else "The question itself"
            papers.setdefault(told, []).append(f"`{name}`")
    if papers:
        yield from (
            "",
            "## Facts, and who shows them",
            "",
            "| paper (signer) | facts |",
            "|---|---|",
        )
    for told, names in papers.items():
        yield f"| {_cell(told)} | {', '.join(sorted(names))} |"


def _span(dated: Any) -> str:
    return f"from {dated['from']}" + (f" to {dated['until']}" if "until" in dated else "")


def _value(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:_LISTED_MAX]))
        more = len(value) - _LISTED_MAX
        return _cell(f"{shown or 'none'}{f' and {more} more' if more > 0 else ''}")
    return _cell(f"{value:,} {unit}".rstrip() if isinstance(value, int) else str(value))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _inset(text: str) -> str:
    return text.replace("\n", "\n  ")


def _broken(expression: str) -> str:
    """An expression with a line for each condition at its top level, and for each of two sides."""
    tree = parse(expression)
    if isinstance(tree, Conditional):
        sides = (
            expression[tree.start : tree.yes.start].rstrip().removesuffix("?"),
            expression[tree.yes.start : tree.no.start].rstrip().removesuffix(":"),
            expression[tree.no.start :],
        )
        asked, yes, no = (_broken(part.strip()) for part in sides)
        return (
            f"{asked}\n? {_inset(yes)}\n: {no if isinstance(tree.no, Conditional) else _inset(no)}"
        )
    if not isinstance(tree, Operation) or tree.operator not in ("&&", "||"):
        return expression
    ends = [*(operand.start for operand in tree.operands[1:]), len(expression)]
    starts = [operand.start for operand in tree.operands]
    parts = [expression[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    return f"\n{tree.operator} ".join(part.removesuffix(tree.operator).rstrip() for part in parts)


def written(folder: Path = FOLDER) -> dict[str, str]:
    """The files of a folder that were written by this program, by their path there."""
    texts = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".md", ".svg")
    }
    return {name: text for name, text in texts.items() if name == TIMELINE or _MADE in text}


def write(folder: Path = FOLDER) -> None:
    """Write the pages; one that was written before and is no page any more goes."""
    made = pages(documents())
    for name in sorted(written(folder)):
        if name not in made:
            (folder / name).unlink()
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
