"""The mandate: what signatures statements need, from when on, by whom (SPEC 9.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import keys, mandate
from attest.activation import open_activation
from attest.decision import decide
from attest.encoding import canonical, loads
from attest.envelope import EnrolledKey, bundle, seal
from attest.errors import AttestError, InputError, TrustError
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, Requirement, parse
from attest.recorded import read_decision
from attest.review import open_review
from attest.signing import KeySigner
from attest.trust import Trust
from attest.witnessing import open_policy
from conformance import issuers
from tests.test_witnessing import policy
from tests.world import NOW, World, derived_signer, key_record, statement

SECOND = dt.timedelta(seconds=1)
FROM = "2026-11-24T14:00:00Z"
MEI, MEI_PQ, MEI_2 = (
    derived_signer("mei"),
    derived_signer("mei pq", keys.ML_DSA_65),
    derived_signer("mei two"),
)
WEI, WEI_PQ = derived_signer("wei", keys.ECDSA_P384), derived_signer("wei pq", keys.ML_DSA_44)
AUDITOR, AUDITOR_2 = derived_signer("auditor"), derived_signer("second auditor")


def requirement(of: str = "declaration", people: int = 1, **more: Any) -> dict[str, Any]:
    return {"statement": of, "from": FROM, "people": people, **more}


def world_with(*signatures: dict[str, Any]) -> World:
    """A world whose designer has two people with several keys, and two auditors."""
    world = World(mandate=issuers.mandate(signatures))
    world.designer.extra_keys += [
        key_record(MEI, holder="Mei") | {"function": "officer"},
        key_record(MEI_PQ, holder="Mei"),
        key_record(MEI_2, holder="Mei") | {"function": "engineer"},
        key_record(WEI, holder="Wei") | {"function": "engineer"},
        key_record(WEI_PQ, holder="Wei") | {"function": "officer"},
    ]
    world.trader.extra_keys += [key_record(AUDITOR, holder="Ann")]
    world.osat.roles = ("osat", "auditor")
    world.osat.extra_keys += [key_record(AUDITOR_2, holder="Ann")]
    return world


def declared(world: World, *signers: KeySigner) -> bytes:
    return seal(statement(DECLARATION_TYPE, world.declaration()), signers)


def code_of(
    signatures: Sequence[dict[str, Any]], *signers: KeySigner, at: dt.datetime = NOW
) -> str | None:
    """The code with which a declaration by these signers is refused; None if it is decided."""
    world = world_with(*signatures)
    decided = decide(declared(world, *signers), trust=world.trust(), at=at)
    if decided.refusal_code is not None:
        refusal = read_decision(decided.payload)["predicate"]["refusal"]
        assert (refusal["step"], refusal["code"]) == (6, decided.refusal_code)
    return decided.refusal_code


def test_without_a_requirement_nothing_is_asked() -> None:
    assert code_of([], MEI) is None
    for other in ("determination", "review", "activation", "policy"):
        assert code_of([requirement(other, 9)], MEI) is None
    assert code_of([requirement(role="designer")], MEI) is None


@pytest.mark.parametrize(
    ("at", "code"),
    [(NOW - SECOND, None), (NOW, "too-few-signers"), (NOW + SECOND, "too-few-signers")],
)
def test_a_requirement_holds_from_its_instant_on(at: dt.datetime, code: str | None) -> None:
    assert code_of([requirement(people=2)], MEI, at=at) == code
    assert code_of([requirement(people=2)], MEI, WEI, at=at) is None


def test_people_are_counted_not_keys() -> None:
    two = [requirement(people=2)]
    assert code_of(two, MEI, MEI_PQ, MEI_2) == "too-few-signers"
    assert code_of(two, MEI, MEI_PQ, WEI) is None
    assert code_of([requirement(people=3)], MEI, MEI_2, WEI, WEI_PQ) == "too-few-signers"


@pytest.mark.parametrize("at", [NOW - SECOND, NOW, NOW + SECOND])
def test_both_kinds_of_signature_from_an_instant_on(at: dt.datetime) -> None:
    both = [requirement(algorithms=["classical", "post-quantum"])]
    missing = None if at < NOW else "algorithm-missing"
    assert code_of(both, MEI, at=at) == missing
    assert code_of(both, MEI, MEI_2, at=at) == missing
    assert code_of(both, MEI_PQ, at=at) == missing
    assert code_of(both, MEI, WEI_PQ, at=at) == missing
    assert code_of(both, MEI, MEI_PQ, at=at) is None
    assert code_of(both, WEI_PQ, WEI, MEI, at=at) is None


def test_keys_of_another_kind_do_not_count() -> None:
    two = [requirement(people=2, algorithms=["post-quantum"])]
    assert code_of(two, MEI, WEI) == "algorithm-missing"
    assert code_of(two, MEI, WEI, WEI_PQ) == "algorithm-missing"
    assert code_of(two, MEI_PQ, WEI_PQ) is None
    officer = [requirement(functions=["officer"], algorithms=["post-quantum"])]
    assert code_of(officer, MEI, MEI_PQ) == "function-missing"
    assert code_of(officer, WEI, WEI_PQ) is None


def test_each_function_is_held_by_another_person() -> None:
    two = [requirement(people=2, functions=["officer", "engineer"])]
    assert code_of(two, MEI, WEI) is None
    assert code_of(two, MEI_PQ, WEI) == "function-missing"
    assert code_of(two, MEI, MEI_2) == "too-few-signers"
    one = [requirement(functions=["officer", "engineer"])]
    assert code_of(one, MEI, MEI_2) == "function-missing"
    assert code_of(one, MEI, MEI_2, WEI_PQ) is None
    assert code_of([requirement(functions=["surgeon"])], MEI) == "function-missing"


@given(
    held=st.lists(st.sets(st.sampled_from("abcd")), max_size=4),
    asked=st.sets(st.sampled_from("abcd")),
)
def test_functions_are_shared_out_as_trying_all_ways_says(
    held: list[set[str]], asked: set[str]
) -> None:
    ways = permutations(held, len(asked))
    expected = any(
        all(function in person for function, person in zip(sorted(asked), way, strict=True))
        for way in ways
    )
    assert mandate._shared_out(sorted(asked), held) == expected


POOL = list(world_with().trust().ring.keys.values())
ASKED = st.fixed_dictionaries(
    {"statement": st.just("declaration"), "from": st.just(FROM), "people": st.integers(1, 3)},
    optional={
        "parties": st.integers(1, 3),
        "functions": st.lists(st.sampled_from(["officer", "engineer"]), min_size=1, unique=True),
        "algorithms": st.lists(
            st.sampled_from(["classical", "post-quantum"]), min_size=1, unique=True
        ),
    },
).map(partial(parse, Requirement))


@given(
    asked=ASKED,
    keys=st.lists(st.sampled_from(POOL), unique_by=lambda key: key.public.keyid),
    data=st.data(),
)
def test_a_further_signature_never_spoils_what_is_enough(
    asked: Requirement, keys: list[EnrolledKey], data: st.DataObject
) -> None:
    """So nobody gains by taking one away, or by adding one."""

    def enough(signers: Sequence[EnrolledKey]) -> bool:
        try:
            mandate._require(asked, signers)
        except TrustError:
            return False
        return True

    fewer = data.draw(st.lists(st.sampled_from(keys), unique_by=id)) if keys else []
    assert enough(fewer) <= enough(keys)


def test_requirements_add_up() -> None:
    both = [requirement(people=2), requirement(functions=["officer"])]
    assert code_of(both, MEI) == "too-few-signers"
    assert code_of(both, WEI, MEI_PQ) == "function-missing"
    assert code_of(both, WEI, MEI) is None


def test_other_parties_sign_beside_the_author_where_it_is_asked() -> None:
    """Nobody else may sign otherwise; two people of one name are two, in two parties."""
    assert code_of([], MEI, AUDITOR) == "party-mismatch"
    audited = [requirement(role="auditor")]
    assert code_of(audited, MEI) == "too-few-signers"
    assert code_of(audited, MEI, AUDITOR) is None
    assert code_of(audited, MEI, AUDITOR_2) is None
    assert code_of(audited, MEI, AUDITOR, at=NOW - SECOND) == "party-mismatch"
    assert code_of(audited, AUDITOR, MEI) == "party-mismatch"
    two = [requirement(people=2, parties=2, role="auditor")]
    assert code_of(two, MEI, AUDITOR) == "too-few-signers"
    assert code_of(two, MEI, AUDITOR, AUDITOR_2) is None
    one_of_each = [requirement(people=1, parties=2, role="auditor")]
    assert code_of(one_of_each, MEI, AUDITOR) == "too-few-signers"
    assert code_of([*two, requirement(people=3)], MEI, AUDITOR, AUDITOR_2) == "too-few-signers"
    strangers = [requirement(role="foundry")]
    assert code_of(strangers, MEI, AUDITOR) == "party-mismatch"


def test_the_author_does_not_count_beside_itself() -> None:
    world = world_with(requirement(role="auditor"))
    world.designer.roles = ("designer", "auditor")
    decided = decide(declared(world, MEI), trust=world.trust(), at=NOW)
    assert decided.refusal_code == "too-few-signers"


def test_determinations_by_the_role_in_which_they_are_made() -> None:
    for role, asked in (("foundry", "too-few-signers"), ("osat", None)):
        world = world_with(requirement("determination", 2, role=role))
        raw = world.submission(fabricator={})
        assert decide(raw, trust=world.trust(), at=NOW).refusal_code == asked
    world = world_with(requirement("determination", 2, role="osat"))
    declaration = statement(DECLARATION_TYPE, world.declaration())
    determined = statement(
        DETERMINATION_TYPE, world.determination(declaration, attester_role="osat")
    )
    for signers, code in (
        ([world.osat.signer], "too-few-signers"),
        ([world.osat.signer, AUDITOR_2], None),
    ):
        raw = bundle([seal(declaration, [MEI]), seal(determined, signers)])
        assert decide(raw, trust=world.trust(), at=NOW).refusal_code == code


def test_a_refusal_names_who_signed_and_comes_again() -> None:
    world = world_with(requirement(people=2))
    raw = declared(world, MEI, MEI_PQ)
    decided = decide(raw, trust=world.trust(), at=NOW)
    predicate = read_decision(decided.payload)["predicate"]
    assert [each["keyid"] for each in predicate["statements"][0]["signers"]] == [
        MEI.keyid,
        MEI_PQ.keyid,
    ]
    assert decide(raw, trust=world.trust(), at=NOW).payload == decided.payload


def people(world: World) -> list[KeySigner]:
    """A third reviewer, with an ML-DSA key besides."""
    third, pq = derived_signer("third"), derived_signer("third pq", keys.ML_DSA_44)
    world.foundry.extra_keys += [
        key_record(third, "review", "Kim Park") | {"function": "officer"},
        key_record(pq, "review", "Kim Park"),
    ]
    return [third, pq]


def opened_act(kind: str, trust: Trust, world: World, signers: Sequence[KeySigner]) -> None:
    if kind == "activation":
        raw = world.activation(world.trust_bytes(), signers=signers)
        open_activation(raw, trust=trust, at=NOW)
    elif kind == "policy":
        open_policy(
            policy(signers=list(signers)), trust=trust, at=NOW, origin="foundry.example/log"
        )
    else:
        held = decide(declared(world, MEI), trust=trust, at=NOW)
        subject = read_decision(held.payload)["subject"]
        raw = world.review(held.payload, subject, signers=signers)
        open_review(raw, trust=trust, at=NOW, decision=held.payload, closed=False)


@pytest.mark.parametrize("kind", ["review", "activation", "policy"])
def test_what_people_of_the_foundry_sign(kind: str) -> None:
    """The threshold of the snapshot stays; the mandate asks for more."""
    world = world_with(
        requirement(kind, 3),
        requirement(kind, 1, functions=["officer"]),
        requirement(kind, 1, algorithms=["post-quantum"]),
    )
    third, pq = people(world)
    trust, two = world.trust(), world.reviewers
    opened_act(kind, trust, world, [*two, third, pq])
    for signers, code in (
        (two[:1], "too-few-signers"),
        (two, "too-few-signers"),
        ([*two, pq], "function-missing"),
        ([*two, third], "algorithm-missing"),
    ):
        with pytest.raises(TrustError) as caught:
            opened_act(kind, trust, world, signers)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (requirement("review", 2, role="foundry"), "/signatures/0/role"),
        (requirement("policy", 2, role="auditor"), "/signatures/0/role"),
        (requirement("review", 2, parties=2), "/signatures/0/parties"),
        (requirement("declaration", 2, parties=2), "/signatures/0/parties"),
        (requirement("declaration", 2, parties=2, role="designer"), "/signatures/0/parties"),
        (requirement("determination", 2, parties=2, role="osat"), "/signatures/0/parties"),
        (requirement("decision"), "/signatures/0/statement"),
        (requirement(people=0), "/signatures/0/people"),
        (requirement(people=17), "/signatures/0/people"),
        (requirement(functions=[]), "/signatures/0/functions"),
        (requirement(algorithms=["ed25519"]), "/signatures/0/algorithms/0"),
    ],
)
def test_requirements_that_cannot_be_met_or_read(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InputError) as caught:
        mandate.open_mandate(issuers.mandate([change]))
    assert (caught.value.code, caught.value.pointer) == ("schema-violation", pointer)


def test_a_mandate_is_held_to_its_bounds_and_certificates() -> None:
    good = loads(issuers.mandate())
    for change, code in (
        ({"v": 2}, "schema-violation"),
        ({"roots": ["MIIB"]}, "certificate-malformed"),
        ({"crls": ["MIIB"]}, "certificate-malformed"),
        ({"roots": ["MIIBA"]}, "base64"),
        ({"crls": ["A" * (1 << 21)]}, "too-large"),
    ):
        with pytest.raises(AttestError) as caught:
            mandate.open_mandate(canonical({**good, **change}))
        assert caught.value.code == code
