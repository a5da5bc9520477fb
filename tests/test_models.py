"""The models: values with types, nothing absent that is null, nothing that changes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from pydantic import ValidationError

from attest import encoding, models
from attest.encoding import Json
from attest.errors import InternalError
from tests.mutations import read_examples

EXAMPLES = read_examples()
UTC = dt.UTC


def declaration(**members: Json) -> models.Declaration:
    return models.parse(models.Declaration, {**EXAMPLES["declaration"], **members})


def test_the_type_identifiers_are_those_of_the_specification() -> None:
    assert models.DECLARATION_TYPE == "urn:foundry-attest:declaration:v1"
    assert models.DETERMINATION_TYPE == "urn:foundry-attest:determination:v1"
    assert models.DECISION_TYPE == "urn:foundry-attest:decision:v1"
    assert models.REVIEW_TYPE == "urn:foundry-attest:review:v1"
    assert models.STATEMENT_TYPE == "https://in-toto.io/Statement/v1"
    assert models.IN_TOTO_PAYLOAD == "application/vnd.in-toto+json"


def test_every_name_of_the_package_exists() -> None:
    assert all(hasattr(models, name) for name in models.__all__)
    assert len(set(models.__all__)) == len(models.__all__)


def test_dates_instants_and_arrays_have_types() -> None:
    parsed = declaration()
    assert parsed.planned_completion_date == dt.date(2026, 12, 15)
    assert parsed.validity.not_before == dt.datetime(2026, 11, 1, tzinfo=UTC)
    assert parsed.validity.not_before.utcoffset() == dt.timedelta(0)
    assert isinstance(parsed.dies, tuple)
    assert [die.name for die in parsed.dies] == ["compute", "bridge"]
    assert parsed.parties[0].registration_ids[0].scheme == "TW-UBN"


def test_a_claim_is_known_or_unknown() -> None:
    known = declaration().datacenter
    assert isinstance(known, models.Known)
    assert (known.knowledge, known.value) == ("first-hand", False)
    unknown = declaration(datacenter={"knowledge": "unknown"}).datacenter
    assert isinstance(unknown, models.Unknown)
    assert models.dump(unknown) == {"knowledge": "unknown"}


def test_a_count_has_a_method_or_is_unknown() -> None:
    compute, bridge = declaration().dies
    assert isinstance(compute.transistors, models.TransistorCount)
    assert compute.transistors.count == 9_800_000_000
    assert isinstance(bridge.transistors, models.UnknownTransistors)


@pytest.mark.parametrize(
    ("application", "kind"),
    [
        ({"status": "none"}, models.NoApplication),
        ({"status": "unknown"}, models.NoApplication),
        ({"status": "filed", "filed_on": "2026-10-01"}, models.FiledApplication),
        (
            {"status": "denied", "filed_on": "2026-10-01", "denied_on": "2026-11-01"},
            models.DeniedApplication,
        ),
    ],
)
def test_an_application_has_the_days_of_its_status(application: Json, kind: type) -> None:
    status = {**EXAMPLES["declaration"]["designer_status"], "application_748_16": application}
    parsed = declaration(designer_status=status).designer_status.application_748_16
    assert type(parsed) is kind
    assert models.dump(parsed) == application


@pytest.mark.parametrize(
    ("agreed", "kind"),
    [
        ({"status": "agreed", "on": "2026-02-02"}, models.Agreed),
        ({"status": "not-agreed"}, models.NotAgreed),
        ({"status": "unknown"}, models.NotAgreed),
    ],
)
def test_an_agreement_has_a_day(agreed: Json, kind: type) -> None:
    status = {**EXAMPLES["declaration"]["designer_status"], "agreed_743_9": agreed}
    parsed = declaration(designer_status=status).designer_status.agreed_743_9
    assert type(parsed) is kind
    assert models.dump(parsed) == agreed


def test_a_member_left_out_is_none_and_stays_out() -> None:
    parsed = declaration()
    assert parsed.supersedes is None
    assert parsed.parties[1].lei is None
    dumped = models.dump(parsed)
    assert "supersedes" not in dumped
    assert "lei" not in dumped["parties"][1]


def test_null_is_never_a_value() -> None:
    for member in ("supersedes", "end_use", "validity", "dies"):
        with pytest.raises(InternalError) as caught:
            declaration(**{member: None})
        assert caught.value.code == "internal"


def test_null_inside_a_free_predicate_is_kept() -> None:
    statement = {**EXAMPLES["statement"], "predicate": {"a": None, "b": [None]}}
    parsed = models.parse(models.Statement[dict[str, Any]], statement)
    assert models.dump(parsed) == statement


def test_a_model_does_not_change() -> None:
    parsed = declaration()
    with pytest.raises(ValidationError, match="frozen"):
        parsed.end_use = "Something else"  # type: ignore[misc]
    assert hash(parsed) == hash(declaration())


def test_what_was_parsed_is_apart_from_the_document() -> None:
    document = json.loads(json.dumps(EXAMPLES["declaration"]))
    parsed = models.parse(models.Declaration, document)
    document["dies"].clear()
    document["product"]["name"] = "Other"
    assert parsed == declaration()


def test_a_disagreement_is_our_defect_and_repeats_nothing() -> None:
    with pytest.raises(InternalError) as caught:
        declaration(end_use=["<canary>"], extra="<canary>")
    assert caught.value.code == "internal"
    assert caught.value.detail == "Declaration refuses what its schema accepts (string_type)"
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_model_built_in_python_writes_the_same_document() -> None:
    built = models.Review(
        must_understand=(),
        decision="sha256:" + "0" * 64,
        action="ask",
        reason_code="site",
        reason="Which site packages the product?",
        evidence=(models.Evidence(sha256="1" * 64, describes="Packing list"),),
        reviewed_at=dt.datetime(2026, 11, 24, 14, tzinfo=UTC),
    )
    document = models.dump(built)
    assert document["reviewed_at"] == "2026-11-24T14:00:00Z"
    assert models.parse(models.Review, document) == built
    status = models.Agreed(status="agreed", on=dt.date(2026, 2, 2))
    assert models.dump(status) == {"status": "agreed", "on": "2026-02-02"}


@pytest.mark.parametrize(
    "instant",
    [
        dt.datetime(2026, 11, 24, 14),  # noqa: DTZ001 - the point of the test
        dt.datetime(2026, 11, 24, 14, 0, 0, 1, tzinfo=UTC),
        dt.datetime(2026, 11, 24, 14, tzinfo=dt.timezone(dt.timedelta(hours=8))),
        dt.datetime(999, 12, 31, tzinfo=UTC),
        dt.datetime(3000, 1, 1, tzinfo=UTC),
        dt.date(2026, 11, 24),
        1_790_000_000,
    ],
)
def test_an_instant_is_a_whole_second_in_utc(instant: Any) -> None:
    with pytest.raises(ValidationError):
        models.Validity(not_before=instant, not_after=dt.datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("day", [dt.date(999, 12, 31), dt.date(3000, 1, 1), 20_000, "2026-11-31"])
def test_a_day_is_a_date_of_the_calendar(day: Any) -> None:
    with pytest.raises(ValidationError):
        models.Agreed(status="agreed", on=day)


def test_the_bounds_of_time_are_inside() -> None:
    validity = {"not_before": "1000-01-01T00:00:00Z", "not_after": "2999-12-31T23:59:59Z"}
    assert models.dump(declaration(validity=validity).validity) == validity


def test_aliased_members_are_written_by_their_names() -> None:
    envelope = models.parse(models.Envelope, EXAMPLES["envelope"])
    assert envelope.payload_type == models.IN_TOTO_PAYLOAD
    assert set(models.dump(envelope)) == {"payload", "payloadType", "signatures"}
    statement = models.parse(models.Statement[dict[str, Any]], EXAMPLES["statement"])
    assert statement.type_ == models.STATEMENT_TYPE
    assert statement.predicate_type == models.DECLARATION_TYPE
    decision = models.parse(models.Decision, EXAMPLES["decision"])
    assert decision.findings is not None
    assert decision.findings[0].tests is not None
    assert decision.findings[0].tests[0].is_ == "unknown"
    with pytest.raises(InternalError):
        models.parse(models.Envelope, {**EXAMPLES["envelope"], "payload_type": "x"})


def test_what_a_finding_used_keeps_its_type() -> None:
    finding = models.parse(models.Decision, EXAMPLES["decision"]).findings
    assert finding is not None
    assert finding[0].used == {
        "params.sites": ("JP", "TW"),
        "params.strict": True,
        "fabricator.aatc_attested": 19_510_000_000,
        "fabricator.dies": models.UsedSize(size=2),
        "transaction.exporter": "front-end-fabricator",
    }
    assert finding[0].used["params.strict"] is True


def test_a_proof_carries_a_salt_or_none() -> None:
    case = models.parse(models.CaseFile, EXAMPLES["casefile"])
    assert len(encoding.decode_base64(case.decision.proof.salt)) == 32
    assert type(case.trust.proof) is models.PlainProof
    assert models.parse(models.Proof, EXAMPLES["proof-trust"]).salt is None


def test_the_examples_belong_together() -> None:
    """The examples are one case: each names the digest of the one before."""
    statement = encoding.digest(encoding.canonical(EXAMPLES["statement"]))
    assert EXAMPLES["determination"]["declaration"] == statement
    assert encoding.decode_base64(EXAMPLES["envelope"]["payload"]) == encoding.canonical(
        EXAMPLES["statement"]
    )
    assert EXAMPLES["submission"]["envelopes"][0] == EXAMPLES["envelope"]
    keyset = models.parse(models.Keyset, EXAMPLES["keyset"])
    assert EXAMPLES["envelope"]["signatures"][0]["keyid"] == keyset.keys[0].keyid
    spki = encoding.decode_base64(keyset.keys[0].public_key)
    assert keyset.keys[0].keyid == encoding.digest(spki)
    trust = encoding.digest(encoding.canonical(EXAMPLES["trust"]))
    pack = encoding.digest(encoding.canonical(EXAMPLES["pack"]))
    assert (EXAMPLES["decision"]["trust"], EXAMPLES["trust"]["packs"]) == (trust, [pack])
