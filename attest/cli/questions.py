"""The questions of `attest declare` without a file: every member of the schema, in its order.

The schema's own words are the help. *unknown* is an answer wherever a claim is asked for: it is
honest, and it is what makes the foundry ask instead of being told something wrong.
"""

from __future__ import annotations

from typing import Final

import click

from attest.cli.figures import in_words
from attest.cli.screen import Screen
from attest.cli.shapes import UNKNOWN, Shape
from attest.cli.sources import KNOWLEDGE
from attest.encoding import Json

_LEFT_OUT: Final = object()
_CHOICES_SHOWN_MAX: Final = 32


class Questions:
    """Asks on stderr and reads from stdin."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._knowledge = KNOWLEDGE[0]

    def ask_document(self, shape: Shape, given: dict[str, Json]) -> dict[str, Json]:
        """Answers for every member that is not given."""
        self._screen.say("Answer each question; unknown is allowed where it is offered.")
        return self._object(shape, "", given)

    def _object(self, shape: Shape, path: str, given: dict[str, Json]) -> dict[str, Json]:
        answers = dict(given)
        for name, member in shape.members.items():
            required = shape.required(answers)
            if name in answers or (name not in required and _is_conditional(shape, name)):
                continue
            place = f"{path}.{name}" if path else name
            answer = self._member(member, place, optional=name not in required)
            if answer is not _LEFT_OUT:
                answers[name] = answer
        return answers

    def _member(self, shape: Shape, place: str, *, optional: bool) -> Json:
        if shape.is_claim:
            return self._claim(shape, place)
        if shape.type == "object":
            self._heading(shape, place)
            if optional and not self._another(place, 0):
                return _LEFT_OUT
            return self._object(shape, place, {})
        if shape.type == "array":
            items = self._array(shape, place, optional=optional)
            return items if items or not optional else _LEFT_OUT
        return self._scalar(shape, place, optional=optional, unknown=False)

    def _claim(self, shape: Shape, place: str) -> Json:
        value = shape.value
        if value.type == "array":
            answer = self._list(place, shape.description, unknown=True)
        else:
            described = Shape({**value.keywords, "description": shape.description}, {})
            answer = self._scalar(described, place, optional=False, unknown=True)
        if answer == UNKNOWN:
            return {"knowledge": UNKNOWN}
        self._knowledge = self._prompt(
            "  how do you know", choices=KNOWLEDGE, default=self._knowledge
        )
        return {"knowledge": self._knowledge, "value": answer}

    def _array(self, shape: Shape, place: str, *, optional: bool) -> list[Json]:
        if shape.items.type != "object":
            answer = self._list(place, shape.description, optional=optional)
            return list(answer)
        self._heading(shape, place)
        items: list[Json] = []
        least = int(shape.keywords.get("minItems", 0))
        while len(items) < least or self._another(place, len(items)):
            items.append(self._object(shape.items, f"{place}.{len(items)}", {}))
        return items

    def _another(self, place: str, count: int) -> bool:
        question = f"{place}: {'another one' if count else 'is there any'}"
        return click.confirm(question, default=False, err=True)

    def _list(
        self, place: str, description: str, *, unknown: bool = False, optional: bool = False
    ) -> Json:
        self._help(description)
        hint = " | unknown" if unknown else ", blank for none" if optional else ""
        text = self._prompt(f"{place} (separate with ;{hint})", default="" if optional else None)
        if unknown and text == UNKNOWN:
            return text
        return [item.strip() for item in text.split(";") if item.strip()]

    def _scalar(self, shape: Shape, place: str, *, optional: bool, unknown: bool) -> Json:
        self._help(shape.description)
        choices = shape.choices
        if shape.type == "boolean":
            choices = ("yes", "no")
        hint = " | unknown" if unknown else " (blank for none)" if optional else ""
        if choices:
            asked = place if len(choices) <= _CHOICES_SHOWN_MAX else f"{place}{hint}"
            text = self._prompt(asked, choices=(*choices, UNKNOWN) if unknown else choices)
            known = shape.type == "boolean" and text != UNKNOWN
            return text == "yes" if known else text
        while True:
            text = self._prompt(f"{place}{hint}", default="" if optional else None)
            if optional and not text:
                return _LEFT_OUT
            if shape.type != "integer" or (unknown and text == UNKNOWN):
                return text
            if text.isascii() and text.isdigit() and len(text) <= 16:
                self._screen.say(f"  {in_words(int(text))}")
                return int(text)
            self._screen.say("  Plain digits, please: 28430000000.")

    def _prompt(
        self, text: str, *, choices: tuple[str, ...] = (), default: str | None = None
    ) -> str:
        kind = click.Choice(choices) if choices else click.STRING
        answer: str = click.prompt(
            text,
            type=kind,
            default=default,
            show_default=bool(default),
            show_choices=len(choices) <= _CHOICES_SHOWN_MAX,
            err=True,
        )
        return answer.strip()

    def _heading(self, shape: Shape, place: str) -> None:
        self._screen.say(f"\n{place}")
        self._help(shape.description)

    def _help(self, description: str) -> None:
        if description:
            self._screen.say(f"  {description}")


def _is_conditional(shape: Shape, name: str) -> bool:
    """A member that another one's answer calls for, such as `filed_on`."""
    rules = (shape.keywords, *shape.keywords.get("allOf", ()))
    return any(
        name in rule.get(branch, {}).get("required", ())
        or name in rule.get(branch, {}).get("properties", {})
        for rule in rules
        for branch in ("then", "else")
    )
