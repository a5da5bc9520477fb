"""The schemas and the models accept the same documents, and say the same of every member.

Two authors of one format would drift apart; these tests hold the two together from both sides: by
what they say (names, requirements, bounds) and by what they do (one small change after another).
Packs and entries are read by strict readers of their own, which are held to the schemas likewise.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from attest import encoding, limits, models
from attest.decision import decide
from attest.encoding import Json
from attest.errors import AttestError, InputError, InternalError
from attest.log.entry import parse_entry
from attest.rules.cases import read_cases
from attest.rules.facts import facts_to_json
from attest.rules.shape import check_shape
from attest.schemas import SCHEMAS, validate
from attest.screening.snapshot import read_snapshot
from tests.mutations import mutations, name_of, read_examples
from tests.world import ROOT, World
from tests.world_facts import submission_of, world_of

MODELS: dict[str, type[models.Model]] = {
    "acknowledgement": models.Acknowledgement,
    "activation": models.Activation,
    "casefile": models.CaseFile,
    "decision": models.Decision,
    "declaration": models.Declaration,
    "determination": models.Determination,
    "entry": models.Entry,
    "envelope": models.Envelope,
    "keyset": models.Keyset,
    "keyset-change": models.KeysetChange,
    "list": models.ListDocument,
    "mandate": models.MandateDocument,
    "misbehaviour": models.MisbehaviourDocument,
    "policy": models.WitnessPolicy,
    "problem": models.Problem,
    "proof": models.Proof,
    "review": models.Review,
    "statement": models.Statement[dict[str, Any]],
    "submission": models.Submission,
    "trust": models.TrustDocument,
}
EXAMPLES = read_examples()
MODELLED = [example for example in EXAMPLES if name_of(example) in MODELS]

# A mapping with given keys is an object with optional members in a schema; the changes below
# compare what is inside.
MAPPINGS = ("/refs", "/findings/*/used")
COMPARED = (
    "type",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "format",
)


class Member(NamedTuple):
    """What a schema says of the values at one place, over all the forms that they may take."""

    types: frozenset[str]
    choices: frozenset[str]
    members: frozenset[str]
    required: frozenset[str]
    closed: bool
    bounds: frozenset[tuple[str, Any]]


def forms(root: Json, node: Json) -> Iterator[Json]:
    """The forms of a schema node: references followed, alternatives apart, null left out."""
    own = {key: value for key, value in node.items() if key not in ("$ref", "anyOf", "oneOf")}
    if "$ref" in node:
        target = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        for form in forms(root, target):
            refined = {**form.get("properties", {}), **own.get("properties", {})}
            yield {**form, **own, "properties": refined}
        return
    alternatives = node.get("anyOf") or node.get("oneOf")
    if alternatives is None:
        if node.get("type") != "null":
            yield node
        return
    for alternative in alternatives:
        for form in forms(root, alternative):
            yield {**own, **form}


def members_of(root: Json, nodes: list[Json], where: str = "") -> Iterator[tuple[str, Member]]:
    every = [form for node in nodes for form in forms(root, node)]
    if where in MAPPINGS:
        return
    objects = [form for form in every if form.get("properties")]
    names = frozenset(name for form in objects for name in form["properties"])
    yield (
        where,
        Member(
            types=frozenset(form["type"] for form in every if isinstance(form.get("type"), str)),
            choices=frozenset(
                json.dumps(choice)
                for form in every
                for choice in (*form.get("enum", ()), *([form["const"]] if "const" in form else ()))
            ),
            members=names,
            required=frozenset.intersection(*(frozenset(form["required"]) for form in objects))
            if objects
            else frozenset(),
            closed=all(form["additionalProperties"] is False for form in objects),
            bounds=frozenset(
                (keyword, form[keyword])
                for form in every
                for keyword in COMPARED[1:]
                if keyword in form and not ("format" in form and keyword != "format")
            ),
        ),
    )
    for name in sorted(names):
        inside = [form["properties"][name] for form in objects if name in form["properties"]]
        yield from members_of(
            root, [node for node in inside if node is not True], f"{where}/{name}"
        )
    items = [form["items"] for form in every if "items" in form]
    if items:
        yield from members_of(root, items, f"{where}/*")


def normal(member: Member) -> Member:
    """A version is a constant here and a range of one number there; a choice needs no type."""
    bounds = dict(member.bounds)
    choices = member.choices
    if bounds.get("minimum") == 1 and bounds.get("maximum") == 1:
        return member._replace(types=frozenset(), choices=choices | {"1"}, bounds=frozenset())
    if choices:
        return member._replace(types=frozenset())
    return member


@pytest.mark.parametrize("name", MODELS)
def test_schema_and_model_say_the_same_of_every_member(name: str) -> None:
    schema = json.loads(SCHEMAS[name])
    model = TypeAdapter(MODELS[name]).json_schema(by_alias=True)
    by_schema = {where: normal(said) for where, said in members_of(schema, [schema])}
    by_model = {where: normal(said) for where, said in members_of(model, [model])}
    assert by_schema.keys() == by_model.keys()
    for where, said in by_schema.items():
        assert by_model[where] == said, where


def verdicts(name: str, document: Json) -> tuple[bool, bool]:
    """What the schema and what the model says; a document that both accept survives the model."""
    try:
        validate(name, document)
        by_schema = True
    except InputError:
        by_schema = False
    try:
        parsed = models.parse(MODELS[name], document)
    except InternalError:
        return by_schema, False
    assert models.dump(parsed) == document
    return by_schema, True


@pytest.mark.parametrize("example", MODELLED)
def test_schema_and_model_agree_on_every_change(example: str) -> None:
    agreed = [0, 0]
    for what, document in mutations(EXAMPLES[example]):
        by_schema, by_model = verdicts(name_of(example), document)
        assert by_schema == by_model, what
        agreed[by_schema] += 1
    assert min(agreed) > 0


def test_the_changes_are_many() -> None:
    for name in MODELS:
        changes = [
            what
            for example in MODELLED
            if name_of(example) == name
            for what, _ in mutations(EXAMPLES[example])
        ]
        assert len(changes) > 250, name
    assert sum(1 for example in MODELLED for _ in mutations(EXAMPLES[example])) > 40_000


@pytest.mark.parametrize("example", MODELLED)
def test_an_example_survives_its_model_byte_for_byte(example: str) -> None:
    document = EXAMPLES[example]
    parsed = models.parse(MODELS[name_of(example)], document)
    assert encoding.canonical(models.dump(parsed)) == encoding.canonical(document)
    assert models.parse(MODELS[name_of(example)], models.dump(parsed)) == parsed


@pytest.mark.parametrize(
    ("predicate", "model"),
    [
        ("declaration", models.Declaration),
        ("determination", models.Determination),
        ("decision", models.Decision),
        ("review", models.Review),
    ],
)
def test_a_statement_carries_each_predicate(predicate: str, model: type[models.Model]) -> None:
    statement = {**EXAMPLES["statement"], "predicate": EXAMPLES[predicate]}
    validate("statement", statement)
    parsed = models.parse(models.Statement[model], statement)  # type: ignore[valid-type]
    assert isinstance(parsed.predicate, model)
    assert models.dump(parsed) == statement


DOOR_REFUSES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
TEXTS = st.one_of(
    st.text(max_size=210),
    st.from_regex(r"^[a-z0-9][a-z0-9._-]{0,70}$"),
    st.from_regex(r"^(sha256:)?[0-9a-f]{62,66}$"),
    st.from_regex(r"^[A-Za-z0-9+/_-]{0,50}={0,3}$"),
    st.from_regex(r"^[0-9]{4}-[0-3][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z)?$"),
    st.from_regex(r"^(/([^/~]|~[01])*){0,4}$"),
    st.from_regex(r"^[A-Z]{2}$"),
    st.from_regex(r"^[0-9A-Z]{18}[0-9]{2}$"),
    st.dates().map(str),
    st.datetimes().map(lambda instant: instant.isoformat(timespec="seconds") + "Z"),
)


@given(text=TEXTS)
@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("declaration", ("audience",)),
        ("declaration", ("end_use",)),
        ("declaration", ("planned_completion_date",)),
        ("declaration", ("validity", "not_after")),
        ("declaration", ("product", "name")),
        ("declaration-denied", ("designer_status", "listed_group", "value")),
        ("determination", ("declaration",)),
        ("envelope", ("payload",)),
        ("keyset", ("party", "country")),
        ("keyset-entity", ("party", "lei")),
        ("problem", ("pointer",)),
        ("problem", ("code",)),
        ("proof", ("salt",)),
        ("statement", ("predicateType",)),
    ],
)
def test_schema_and_model_agree_on_any_text(example: str, path: tuple[str, ...], text: str) -> None:
    # What counts as a blank differs between engines only for characters that the door refuses.
    assume(not DOOR_REFUSES.search(text))

    def replaced(node: Json, rest: tuple[str, ...]) -> Json:
        return {**node, rest[0]: replaced(node[rest[0]], rest[1:])} if rest else text

    by_schema, by_model = verdicts(name_of(example), replaced(EXAMPLES[example], path))
    assert by_schema == by_model


class Reader(NamedTuple):
    """A strict reader of a document that has no model, or that does not use it."""

    read: Callable[[Json], object]
    blind_to: tuple[
        str, ...
    ]  # changes that only the schema refuses: lengths, counts, far-off years
    sees_more: tuple[str, ...]  # reasons that a schema cannot express: order, what is known here


FAR_OFF = ("0999-12-31", "3000-01-01")
READERS = {
    "pack": Reader(
        read=lambda document: check_shape(document, {}),
        blind_to=(*FAR_OFF, "is 4097 long", "is repeated", str(limits.INTEGER_MAX + 1)),
        sees_more=("is not in the order of", "engine: not 1"),
    ),
    "entry": Reader(
        read=lambda document: parse_entry(encoding.canonical(document)),
        blind_to=FAR_OFF,
        sees_more=("refs are ascending and name earlier entries only",),
    ),
    "list": Reader(
        read=lambda document: read_snapshot(encoding.canonical(document)),
        blind_to=(),
        sees_more=("entries ascend by list and id",),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_schema_and_strict_reader_agree_on_every_change(name: str) -> None:
    reader = READERS[name]
    agreed = [0, 0]
    examples = [document for example, document in EXAMPLES.items() if name_of(example) == name]
    for what, document in (change for example in examples for change in mutations(example)):
        try:
            validate(name, document)
            by_schema = True
        except InputError:
            by_schema = False
        reason = ""
        try:
            reader.read(document)
        except AttestError as error:
            reason = error.detail
        if by_schema and reason:
            assert any(why in reason for why in reader.sees_more), (what, reason)
        elif not by_schema and not reason:
            assert any(why in what for why in reader.blind_to), what
        else:
            agreed[by_schema] += 1
    assert min(agreed) > 50


def test_what_decide_writes_follows_its_schema_and_model() -> None:
    verdicts_seen = set()
    for case in read_cases(ROOT / "rules" / "us-ear"):
        facts = facts_to_json(case.facts)
        world = world_of(facts)
        day = dt.date.fromisoformat(facts["transaction"]["decision_date"])
        at = dt.datetime.combine(day, dt.time(14), tzinfo=dt.UTC)
        decided = decide(submission_of(world, facts), trust=world.trust(), at=at)
        check_decision(decided.payload)
        verdicts_seen.add(decided.verdict)
    assert verdicts_seen == {"PASS", "HOLD", "FAIL"}


def test_a_refusal_follows_its_schema_and_model() -> None:
    world = World()
    late = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    decided = decide(world.submission(), trust=world.trust(), at=late)
    assert decided.verdict == "FAIL"
    assert decided.refusal_code is not None
    check_decision(decided.payload)


def check_decision(payload: bytes) -> None:
    statement = encoding.loads(payload)
    validate("statement", statement)
    validate("decision", statement["predicate"])
    parsed = models.parse(models.Statement[models.Decision], statement)
    assert encoding.canonical(models.dump(parsed)) == payload


def test_the_changes_reach_beyond_what_the_door_lets_in() -> None:
    changed = {what.rpartition(": ")[2] for what, _ in mutations(EXAMPLES["declaration"])}
    assert {f"becomes {limits.INTEGER_MAX + 1}", "ends in a line feed", "becomes None"} <= changed
