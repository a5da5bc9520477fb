"""Valid example documents, and every systematic way to spoil one a little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from attest import encoding, limits
from attest.encoding import Json
from attest.schemas import SCHEMAS

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "documents"
_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def read_examples() -> dict[str, Json]:
    """Every example by its file name; `name_of` tells its schema."""
    return {
        path.stem: encoding.loads(
            path.read_bytes(),
            bytes_max=limits.CASEFILE_BYTES_MAX,
            string_bytes_max=limits.CASEFILE_BYTES_MAX,
        )
        for path in sorted(EXAMPLES.glob("*.json"))
    }


def name_of(example: str) -> str:
    """The schema of an example: `declaration-unknown` is a declaration."""
    names = [name for name in SCHEMAS if f"{example}-".startswith(f"{name}-")]
    return max(names, key=len)


def mutations(document: Json) -> Iterator[tuple[str, Json]]:
    """Copies of a document with one change each, and what was changed where."""
    yield from _at(document, "", lambda changed: changed)


def _at(value: Json, where: str, rebuild: Callable[[Json], Json]) -> Iterator[tuple[str, Json]]:
    for what, changed in _changes(value):
        yield f"{where or '/'}: {what}", rebuild(changed)
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _at(
                member,
                f"{where}/{name}",
                lambda new, name=name: rebuild({**value, name: new}),  # type: ignore[misc]
            )
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _at(
                item,
                f"{where}/{index}",
                lambda new, index=index: rebuild(  # type: ignore[misc]
                    [*value[:index], new, *value[index + 1 :]]
                ),
            )


def _changes(value: Json) -> Iterator[tuple[str, Json]]:
    for other in (None, True, False, 7, "x", [], {}, ["x"], [7], {"x": 7}):
        if type(other) is not type(value) or other != value:
            yield f"becomes {other!r}", other
    if isinstance(value, dict):
        for name in value:
            rest = {**value}
            del rest[name]
            yield f"loses {name}", rest
        yield "gains a member", {**value, "extra": 1}
        for name in ("value", "count", "on", "salt", "refusal", "precisions", "denied_on"):
            yield f"gains {name}", {name: 1, **value}
    elif isinstance(value, list):
        yield "is emptied", []
        yield "repeats an item", [*value, *value[:1]]
        yield "is repeated", value * 65
    elif isinstance(value, str):
        yield from _texts(value)
    elif type(value) is int:
        for number in (0, 1, -1, 2, value + 1, 4097, limits.INTEGER_MAX, limits.INTEGER_MAX + 1):
            yield f"becomes {number}", number


def _texts(value: str) -> Iterator[tuple[str, Json]]:
    yield "is blank", ""
    yield "is a blank", " "
    yield "ends in a line feed", value + "\n"
    yield "starts with a blank", " " + value
    yield "ends in an ideographic blank", value + "\u3000"
    yield "loses its end", value[:-1]
    yield "changes case", value.swapcase()
    yield "has other digits", value.translate(_ARABIC_INDIC)
    yield "is 201 long", (value * 201)[:201]
    yield "is 2001 long", (value * 2001)[:2001]
    yield "is 4097 long", (value * 4097)[:4097]
    for choice in (
        "unknown",
        "first-hand",
        "filed",
        "denied",
        "agreed",
        "none",
        "genesis",
        "decision",
        "PASS",
        "FAIL",
        "consignee",
        "designer",
        "presumption",
        "scope",
        "bool",
        "date",
        "HK",
        "XX",
    ):
        yield f"becomes {choice}", choice
    for day in ("2026-02-29", "2028-02-29", "2026-04-31", "0999-12-31", "3000-01-01", "2026-1-01"):
        yield f"becomes {day}", day
        yield f"becomes {day} at an hour", f"{day}T23:59:59Z"
    for clock in ("24:00:00Z", "23:59:60Z", "12:00:00z", "12:00:00+00:00", "12:00:00.5Z", "12:00Z"):
        yield f"becomes {clock}", f"2026-11-24T{clock}"
