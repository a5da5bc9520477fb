"""Countries: one list in the code and in every schema, and nothing else is a country anywhere."""

from __future__ import annotations

import contextlib
import json
import re
from itertools import product
from string import ascii_uppercase

import pytest

from attest import models
from attest.countries import COUNTRIES
from attest.encoding import Json
from attest.errors import InputError, InternalError
from attest.rules.register import GROUPS, Field, Items
from attest.schemas import SCHEMAS, explain, validate
from tests.mutations import name_of, read_examples
from tests.world import ROOT

EXAMPLES = read_examples()
WITH_COUNTRIES = ("decision", "declaration", "determination", "keyset", "list")
MODELS: dict[str, type[models.Model]] = {
    "declaration": models.Declaration,
    "determination": models.Determination,
    "keyset": models.Keyset,
}
PLACES = [
    ("declaration", "/package/site_country/value"),
    ("declaration", "/parties/0/locations/value/0"),
    ("declaration", "/parties/0/headquarters/value"),
    ("determination-osat", "/package/site_country/value"),
    ("keyset", "/party/country"),
    ("keyset-entity", "/party/ultimate_parent/country"),
    ("keyset-entity", "/party/sites/0/country"),
]
NO_COUNTRIES: list[Json] = [
    *("XX", "ZZ", "AA", "QM", "XK"),  # free for anybody to use
    *("UK", "EU", "SU", "AN"),  # reserved or withdrawn
    *("tw", "Tw", "TWN", "158", "T", "", " TW", "TW ", "TW\n", "\uff34\uff37", "unknown"),
    *(None, 7, True, ["TW"], {"TW": "TW"}),
]


def with_country(example: str, pointer: str, country: Json) -> Json:
    document = json.loads(json.dumps(EXAMPLES[example]))
    *path, last = pointer.removeprefix("/").split("/")
    node = document
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    key = int(last) if isinstance(node, list) else last
    assert node[key] in COUNTRIES
    node[key] = country
    return document


def test_the_list_is_that_of_the_standard() -> None:
    assert len(COUNTRIES) == 249
    assert all(re.fullmatch("[A-Z]{2}", code) for code in COUNTRIES)
    assert {"CN", "HK", "MO", "TW", "PS", "AX", "BQ", "CW", "SS", "SX", "US"} <= COUNTRIES
    users_own = {f"X{letter}" for letter in ascii_uppercase} | {"AA", "ZZ"}
    users_own |= {f"Q{letter}" for letter in ascii_uppercase[ascii_uppercase.index("M") :]}
    assert not COUNTRIES & users_own


def test_schemas_and_code_hold_the_same_list() -> None:
    with_countries = []
    for name, raw in SCHEMAS.items():
        part = json.loads(raw).get("$defs", {}).get("country")
        if part is not None:
            with_countries.append(name)
            assert part["enum"] == sorted(COUNTRIES), name
    assert tuple(with_countries) == WITH_COUNTRIES


@pytest.mark.parametrize(("example", "pointer"), PLACES)
def test_every_pair_of_letters_is_a_country_or_refused(example: str, pointer: str) -> None:
    accepted = set()
    for letters in map("".join, product(ascii_uppercase, repeat=2)):
        with contextlib.suppress(InputError):
            validate(name_of(example), with_country(example, pointer, letters))
            accepted.add(letters)
    assert accepted == COUNTRIES


@pytest.mark.parametrize("country", NO_COUNTRIES, ids=repr)
@pytest.mark.parametrize(("example", "pointer"), PLACES)
def test_what_is_no_country_is_refused(example: str, pointer: str, country: Json) -> None:
    document = with_country(example, pointer, country)
    name = name_of(example)
    expected = "enum: expected an officially assigned ISO 3166-1 alpha-2 code"
    with pytest.raises(InputError) as caught:
        validate(name, document)
    assert caught.value.code == "schema-violation"
    assert (caught.value.pointer, caught.value.detail) == (pointer, expected)
    assert (pointer, expected) in explain(name, document)
    with pytest.raises(InternalError) as disagreed:
        models.parse(MODELS[name], document)
    assert "(literal_error)" in disagreed.value.detail


def test_facts_of_countries_are_of_the_same_list() -> None:
    fields = {
        name: shape.item if isinstance(shape, Items) else shape
        for shapes in GROUPS.values()
        for name, shape in shapes.items()
    }
    countries = {
        name for name, field in fields.items() if isinstance(field, Field) and field.called
    }
    assert countries == {
        *("designer_hq", "designer_parent_hq", "designer_locations", "packaging_country"),
        *("destinations", "party_hqs"),
        *("from_country", "consignee_country", "consignee_hqs", "ultimate_customer_hqs"),
        "partner_hqs",
    }
    for name in countries:
        field = fields[name]
        assert isinstance(field, Field)
        assert frozenset(field.choices) == COUNTRIES


@pytest.mark.parametrize("folder", ["us-ear", "house-example", "common"])
def test_every_code_that_rules_use_is_a_country(folder: str) -> None:
    used: set[str] = set()
    for path in sorted((ROOT / "rules" / folder).rglob("*.toml")):
        codes = set(re.findall(r"""["']([A-Z]{2})["']""", path.read_text("utf-8")))
        assert codes <= COUNTRIES, path
        used |= codes
    assert used


def test_the_country_groups_of_the_law_are_countries() -> None:
    text = (ROOT / "rules" / "common" / "countries.toml").read_text("utf-8")
    listed = re.findall(r"^value = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    assert len(listed) > 6
    codes = {code for each in listed for code in re.findall(r'"([^"]*)"', each)}
    assert {"CN", "MO", "KP", "TW"} <= codes <= COUNTRIES
