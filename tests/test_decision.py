"""`decide`: every step of it, the good case and each way to fail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attest import encoding
from attest.decision import Decided, Prior, decide
from attest.encoding import Json, canonical, digest, encode_base64
from attest.envelope import bundle, seal
from attest.errors import CODES, AttestError, InputError
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, REVIEW_TYPE
from attest.recorded import read_decision
from tests.world import NOW, UNKNOWN, World, derived_signer, known, party, statement

WORLD = World()
TRUST = WORLD.trust()


def decided(raw: bytes, **options: Any) -> tuple[Decided, Any]:
    """The decision and its predicate; every decision is of its own schema."""
    result = decide(raw, trust=TRUST, at=NOW, **options)
    return result, read_decision(result.payload)["predicate"]


def refused(raw: bytes, **options: Any) -> tuple[str, int]:
    """The code and step of a refusal, which is a decision like any other."""
    result, predicate = decided(raw, **options)
    assert result.verdict == predicate["verdict"] == "FAIL"
    assert result.supersession is None
    assert "findings" not in predicate
    assert predicate["refusal"]["code"] == result.refusal_code
    return predicate["refusal"]["code"], predicate["refusal"]["step"]


def declared(**changes: Json) -> bytes:
    """A sealed declaration alone."""
    return seal(statement(DECLARATION_TYPE, WORLD.declaration(**changes)), [WORLD.designer.signer])


def determined(declaration: bytes, signer: Any = None, **changes: Json) -> bytes:
    """A sealed determination."""
    predicate = WORLD.determination(declaration, **changes)
    return seal(statement(DETERMINATION_TYPE, predicate), [signer or WORLD.fabricator.signer])


def test_the_good_case_passes_by_way_b() -> None:
    """12 bn transistors, packaged by the fabricator in Taiwan: overcome, with its citation."""
    result, predicate = decided(WORLD.submission(fabricator={}))
    assert result.verdict == "PASS"
    presumption = next(f for f in predicate["findings"] if f["kind"] == "presumption")
    assert presumption["outcome"] == "overcome"
    assert presumption["ways"] == ["n1_way_b"]
    assert "Note 1" in presumption["citation"]
    assert predicate["trust"] == TRUST.digest
    assert predicate["completion_date"] == "2026-12-15"
    assert [s["signers"][0]["party"] for s in predicate["statements"]] == ["tianqiu", "formosa"]


def test_a_declaration_alone_is_held() -> None:
    """A designer's own word does not overcome the presumption; what is missing is named."""
    for raw in (declared(), bundle([declared()])):
        result, predicate = decided(raw)
        assert result.verdict == "HOLD"
        presumption = next(f for f in predicate["findings"] if f["kind"] == "presumption")
        assert (presumption["result"], presumption["outcome"]) == ("unknown", "presumed")
        assert any(finding.get("clears_with") for finding in predicate["findings"])


def test_the_subject_is_the_submission() -> None:
    """A decision names the bytes that it is about."""
    raw = WORLD.submission(fabricator={})
    subject = read_decision(decided(raw)[0].payload)["subject"]
    assert subject == [
        {"name": "submission", "digest": {"sha256": digest(raw).removeprefix("sha256:")}}
    ]


NOT_RECORDED = [
    (b"", "json-malformed"),
    (b"[]", "schema-violation"),
    (b"{}", "schema-violation"),
    (b'{"v":1,"envelopes":[]}', "schema-violation"),
    (b'{"v":1,"envelopes":["e30="]}', "schema-violation"),
    (b'{"v":1,"envelopes":[{}]}', "schema-violation"),
    (b'{"v":1,"v":1,"envelopes":[]}', "json-duplicate-key"),
    (b'{"payload":"","payloadType":"","signatures":[]}', "schema-violation"),
]


@pytest.mark.parametrize(("raw", "code"), NOT_RECORDED)
def test_what_is_no_submission_is_not_decided(raw: bytes, code: str) -> None:
    """Steps 1 and 2 raise."""
    with pytest.raises(InputError) as caught:
        decide(raw, trust=TRUST, at=NOW)
    assert caught.value.code == code


def test_faults_inside_a_linked_envelope_are_placed() -> None:
    """The pointer leads to the envelope; never further than what was parsed."""
    envelope = encoding.loads(declared())
    for envelopes, code, pointer in [
        ([envelope, {}], "schema-violation", "/envelopes/1"),
        ([envelope, envelope | {"payload": "?"}], "schema-violation", "/envelopes/1/payload"),
        ([envelope] * 9, "schema-violation", "/envelopes"),
        ([envelope | {"more": 1}], "schema-violation", "/envelopes/0"),
    ]:
        for version in (1, 2):
            with pytest.raises(InputError) as caught:
                decide(canonical({"v": version, "envelopes": envelopes}), trust=TRUST, at=NOW)
            assert caught.value.code == code
            assert caught.value.pointer == (pointer if version == 1 else caught.value.pointer)


def test_step_3_signatures() -> None:
    """Unknown, expired and wrong-purpose keys, stripped and foreign signatures."""
    stranger, body = derived_signer("nobody"), statement(DECLARATION_TYPE, WORLD.declaration())
    assert refused(seal(body, [stranger])) == ("unknown-key", 3)
    assert refused(seal(body, [WORLD.designer.signer, stranger])) == ("unknown-key", 3)
    assert refused(seal(body, [WORLD.decision_signer])) == ("key-purpose", 3)
    late = dt.datetime(2033, 1, 1, tzinfo=dt.UTC)
    result = decide(declared(), trust=TRUST, at=late)
    assert result.refusal_code == "key-not-valid-then"
    envelope = encoding.loads(declared())
    envelope["payload"] = encode_base64(body.replace(b"Tianqiu A1", b"Tianqiu B1"))
    assert refused(canonical(envelope)) == ("bad-signature", 3)


def sealed_statement(raw: bytes) -> bytes:
    """Any bytes as a payload, signed by the designer."""
    return seal(raw, [WORLD.designer.signer])


def test_step_4_statements() -> None:
    """What a known signer signed must be a statement of a known type and its schema."""
    good = WORLD.declaration()
    assert refused(sealed_statement(b"{")) == ("json-malformed", 4)
    assert refused(sealed_statement(b'{"a":1,"a":1}')) == ("json-duplicate-key", 4)
    assert refused(sealed_statement(b"{}")) == ("schema-violation", 4)
    assert refused(sealed_statement(statement(REVIEW_TYPE, good))) == ("unknown-predicate-type", 4)
    for kind in (DECLARATION_TYPE[:-1] + "2", DECLARATION_TYPE + " ", DECLARATION_TYPE.upper()):
        code, step = refused(sealed_statement(statement(kind, good)))
        assert (code, step) in {("unknown-predicate-type", 4), ("schema-violation", 4)}
    extension = statement(DECLARATION_TYPE, good | {"must_understand": ["quantum"]})
    assert refused(sealed_statement(extension)) == ("must-understand", 4)


@pytest.mark.parametrize("country", ["XX", "ZZ", "UK", "XK", "tw", "TWN"])
def test_step_4_a_site_in_no_country_passes_no_test(country: str) -> None:
    """A code that nobody assigned is in no group of the law; it must not reach the rules."""
    package = WORLD.determination(b"")["package"]
    somewhere = {"package": package | {"site_country": known("SG")}}
    assert decided(WORLD.submission(fabricator=somewhere))[0].verdict == "PASS"
    nowhere = {"package": package | {"site_country": known(country)}}
    assert refused(WORLD.submission(fabricator=nowhere)) == ("schema-violation", 4)
    designed = WORLD.declaration()["package"] | {"site_country": known(country)}
    assert refused(declared(package=designed)) == ("schema-violation", 4)


@pytest.mark.parametrize("member", sorted(set(WORLD.declaration()) - {"must_understand"}))
def test_a_blank_is_not_an_unknown(member: str) -> None:
    """Each member that is left out or empty is invalid."""
    blanks: list[Json] = [None, "", {}, []]
    for blank in blanks:
        predicate = WORLD.declaration()
        predicate[member] = blank
        code, step = refused(sealed_statement(statement(DECLARATION_TYPE, predicate)))
        assert (code, step) == ("schema-violation", 4)
    predicate = WORLD.declaration()
    del predicate[member]
    assert refused(sealed_statement(statement(DECLARATION_TYPE, predicate))) == (
        "schema-violation",
        4,
    )


@pytest.mark.parametrize("count", [0, -1, True, "12000000000", None, 2**53, []])
def test_counts_are_positive_integers(count: Json) -> None:
    """Zero, negative, text, boolean and beyond 2^53: each is refused in its own way."""
    dies = WORLD.declaration()["dies"]
    dies[0]["transistors"]["count"] = count
    if count == 2**53:
        written = statement(DECLARATION_TYPE, WORLD.declaration()).replace(
            b'"count":12000000000', b'"count":9007199254740992'
        )
        assert refused(sealed_statement(written)) == ("json-number-range", 4)
    else:
        assert refused(declared(dies=dies)) == ("schema-violation", 4)


def change(member: str, value: Json) -> Callable[[], bytes]:
    """A submission whose declaration has another value in one member."""
    return lambda: declared(**{member: value})


def late_declaration() -> bytes:
    """A declaration that ended a second ago."""
    return declared(
        validity={"not_before": "2026-01-01T00:00:00Z", "not_after": "2026-11-24T13:59:59Z"}
    )


def early_declaration() -> bytes:
    """A declaration that begins in a second."""
    return declared(
        validity={"not_before": "2026-11-24T14:00:01Z", "not_after": "2027-01-01T00:00:00Z"}
    )


def test_step_6_audience_validity_and_signer() -> None:
    """Addressed to us, inside its validity (ends included), by the party that it speaks for."""
    assert refused(declared(audience="somebody-else")) == ("wrong-audience", 6)
    assert refused(late_declaration()) == ("expired", 6)
    assert refused(early_declaration()) == ("not-yet-valid", 6)
    moment = {"not_before": "2026-11-24T14:00:00Z", "not_after": "2026-11-24T14:00:00Z"}
    assert decided(declared(validity=moment))[0].refusal_code is None
    parties = WORLD.declaration()["parties"]
    parties[0] = party("designer", "Another Design Inc.")
    assert refused(declared(parties=parties)) == ("party-mismatch", 6)
    body = statement(DECLARATION_TYPE, WORLD.declaration())
    assert refused(seal(body, [WORLD.fabricator.signer])) == ("role-not-permitted", 6)
    both = seal(body, [WORLD.designer.signer, WORLD.fabricator.signer])
    assert refused(both) == ("party-mismatch", 6)


def test_step_6_the_subject_is_the_declared_design() -> None:
    """The statement and its predicate cannot speak of two designs."""
    for subject in (
        [{"name": "another tape-out", "digest": {"sha256": "00" * 32}}],
        [{"name": "TQ-A1-R0", "digest": {"sha256": "00" * 32}}],
    ):
        body = statement(DECLARATION_TYPE, WORLD.declaration(), subject=subject)
        assert refused(seal(body, [WORLD.designer.signer])) == ("party-mismatch", 6)


def test_step_6_links() -> None:
    """A determination counts only for its own declaration, by the right party, once per role."""
    body = statement(DECLARATION_TYPE, WORLD.declaration())
    other = statement(DECLARATION_TYPE, WORLD.declaration(end_use="Another use."))
    mine = seal(body, [WORLD.designer.signer])
    good = determined(body)
    assert decided(bundle([mine, good]))[0].refusal_code is None
    assert refused(bundle([mine, determined(other)])) == ("determination-not-linked", 6)
    elsewhere = statement(
        DETERMINATION_TYPE,
        WORLD.determination(body),
        subject=[{"name": "TQ-B7", "digest": {"sha256": "11" * 32}}],
    )
    assert refused(bundle([mine, seal(elsewhere, [WORLD.fabricator.signer])])) == (
        "determination-not-linked",
        6,
    )
    assert refused(bundle([mine, good, good])) == ("not-a-submission", 6)
    assert refused(bundle([good])) == ("not-a-submission", 6)
    assert refused(bundle([mine, mine])) == ("not-a-submission", 6)
    assert refused(bundle([mine, determined(body, WORLD.designer.signer)])) == (
        "role-not-permitted",
        6,
    )
    as_osat = determined(body, WORLD.fabricator.signer, attester_role="osat")
    assert refused(bundle([mine, as_osat])) == ("role-not-permitted", 6)
    expired = {"not_before": "2025-01-01T00:00:00Z", "not_after": "2025-12-31T00:00:00Z"}
    assert refused(bundle([mine, determined(body, validity=expired)])) == ("expired", 6)
    assert refused(bundle([mine, determined(body, audience="elsewhere")])) == ("wrong-audience", 6)


def test_another_foundry_cannot_attest_for_this_one() -> None:
    """Way b needs the count of the fabricator that ships."""
    world = World(exporter="front-end-fabricator")
    world.trader.roles = ("foundry",)
    body = statement(DECLARATION_TYPE, world.declaration())
    foreign = seal(statement(DETERMINATION_TYPE, world.determination(body)), [world.trader.signer])
    raw = bundle([seal(body, [world.designer.signer]), foreign])
    result = decide(raw, trust=world.trust(), at=NOW)
    assert result.refusal_code == "role-not-permitted"


def test_supersession_is_by_the_same_party_only() -> None:
    """A replaced declaration is refused; a stranger cannot replace it."""
    first = statement(DECLARATION_TYPE, WORLD.declaration())
    result, predicate = decided(declared(supersedes=digest(first)))
    assert result.supersession == ("tianqiu", digest(first))
    assert predicate["supersedes"] == digest(first)
    sealed = seal(first, [WORLD.designer.signer])
    assert decided(sealed)[0].supersession is None
    assert refused(sealed, prior=Prior({("tianqiu", digest(first))})) == ("superseded", 6)
    assert decided(sealed, prior=Prior({("rival", digest(first))}))[0].refusal_code is None


def test_unknown_never_passes() -> None:
    """Whichever claim that way b rests on is unknown, the result is HOLD, and it says which."""
    package = {
        "attester_packages": known(True),
        "site_country": known("TW"),
        "hbm": known(False),
        "memories": [],
    }
    die = WORLD.determination(b"")["dies"][0]
    cases: list[tuple[str, dict[str, Json]]] = [
        ("fabricator.packages", {"package": package | {"attester_packages": UNKNOWN}}),
        ("fabricator.packaging_country", {"package": package | {"site_country": UNKNOWN}}),
        ("d.density_per_mm2", {"dies": [die | {"density_per_mm2": UNKNOWN}]}),
        ("d.area_um2", {"dies": [die | {"area_um2": UNKNOWN}]}),
    ]
    for name, changes in cases:
        result, predicate = decided(WORLD.submission(fabricator=changes))
        assert result.verdict == "HOLD", name
        missing = {fact for finding in predicate["findings"] for fact in finding.get("missing", [])}
        assert any(name.split(".")[1] in fact for fact in missing), (name, missing)


def test_the_threshold_is_strict() -> None:
    """One transistor below 30 bn passes, 30 bn fails."""
    dies = WORLD.determination(b"")["dies"]
    for count, verdict in [(29_999_999_999, "PASS"), (30_000_000_000, "FAIL")]:
        dies[0]["gds_transistors"] = known(count)
        raw = WORLD.submission(
            fabricator={
                "dies": dies,
                "aatc_transistors": known(count),
            }
        )
        got, predicate = decided(raw)
        presumption = next(f for f in predicate["findings"] if f["kind"] == "presumption")
        way_b = next(f for f in predicate["findings"] if f["rule"] == "n1_way_b")
        assert way_b["result"] == ("pass" if verdict == "PASS" else "fail")
        if verdict == "PASS":
            assert (got.verdict, presumption["result"]) == ("PASS", "pass")


def test_numbers_that_overflow_are_unknown() -> None:
    """Every quantity at its largest: products and sums beyond 64 bits hold, and can be written."""
    most = 2**53 - 1
    die = WORLD.determination(b"")["dies"][0] | {
        "units": 1_000_000,
        "area_um2": known(most),
        "density_per_mm2": known(most),
    }
    memory = {"kind": "HBM", "units": 1, "bandwidth_mbyte_s": known(most), "area_um2": known(1)}
    package = WORLD.determination(b"")["package"] | {"memories": [memory]}
    result, predicate = decided(
        WORLD.submission(
            {
                "performance": {
                    "knowledge": "estimate",
                    "precisions": [{"name": "x", "bit_length": 4096, "dense_gops": most}],
                }
            },
            fabricator={"dies": [die], "package": package, "aatc_transistors": known(most)},
        )
    )
    assert result.verdict in {"HOLD", "FAIL"}
    way_b = next(f for f in predicate["findings"] if f["rule"] == "n1_way_b")
    assert way_b["result"] != "pass"
    assert canonical(read_decision(result.payload)) == result.payload


def test_the_same_bytes_give_the_same_bytes() -> None:
    """Deciding twice, and with the trust snapshot loaded anew, gives one payload."""
    raw = WORLD.submission(fabricator={}, osat={})
    first = decide(raw, trust=TRUST, at=NOW)
    assert decide(raw, trust=TRUST, at=NOW) == first
    assert decide(raw, trust=World().trust(), at=NOW) == first
    assert encoding.canonical(encoding.loads(first.payload)) == first.payload


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_random_bytes_raise_nothing_but_our_errors(raw: bytes) -> None:
    """Neither raw nor signed random bytes bring out another exception."""
    for attempt in (raw, sealed_statement(raw)):
        try:
            code = decide(attempt, trust=TRUST, at=NOW).refusal_code
        except AttestError as error:
            code = error.code
        assert code in CODES
