"""Keys that a certificate authority vouches for, the whole way: decided, logged, replayed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from attest.casefile import open_casefile
from attest.decision import decide
from attest.encoding import canonical, digest, encode_base64, loads
from attest.errors import AttestError, TrustError
from attest.log.entry import parse_entry
from attest.log.writer import Draft
from attest.recorded import read_decision
from attest.replay import replay
from conformance.issuers import END, ISSUED, NEXT, der, mandate, name, root
from service.activation import activate
from service.answers import casefile_answer
from service.records import predicate_of
from tests.test_forgery_documents import fault
from tests.world import NOW, World
from tests.world_log import WorldLog, open_log, world_log

SECOND = dt.timedelta(seconds=1)
ROOT = root()
ISSUER = ROOT.issuer("Issuer")
ROOT_CRL = ROOT.crl(until=END)
GOOD = World().designer.signer
LEAF = ISSUER.leaf(GOOD)
EMPTY = mandate()
MANDATE = mandate(roots=[ROOT.certificate], crls=[ROOT_CRL, ISSUER.crl()])


def world_of(*path: x509.Certificate, mandated: bytes | None = MANDATE, **record: Any) -> World:
    """A world whose designer's key has these certificates."""
    world = World(mandate=mandated)
    certificates = [encode_base64(der(each)) for each in path]
    world.designer.record = {"certificates": certificates, **record}
    return world


def certified() -> World:
    return world_of(LEAF, ISSUER.certificate)


def renewed(*crls: x509.CertificateRevocationList) -> bytes:
    return mandate(roots=[ROOT.certificate], crls=[ROOT_CRL, *crls])


def test_a_declaration_by_a_certified_key_is_decided_and_replays(tmp_path: Path) -> None:
    """Its case file carries the mandate, and opens alone."""
    world = certified()
    raw = world.submission(fabricator={})
    with world_log(world, tmp_path / "data") as log:
        (recorded,) = log.register([raw])
        case = open_casefile(casefile_answer(log.records, digest(raw)), log_keys=log.keys)
        for processes in (1, 2):
            report = replay(
                log.export(tmp_path / f"export-{processes}"), log_keys=log.keys, processes=processes
            )
            assert report.verdicts == {"PASS": 1}
    assert recorded.verdict == case.verdict == "PASS"
    assert case.trust.mandate.anchors.roots == (ROOT.certificate,)


def test_a_case_file_without_its_mandate(tmp_path: Path) -> None:
    world = certified()
    raw = world.submission(fabricator={})
    with world_log(world, tmp_path / "data") as log:
        log.register([raw])
        document = loads(casefile_answer(log.records, digest(raw)), string_bytes_max=1 << 24)
        other = encode_base64(renewed(ISSUER.crl(until=END)))
        del document["mandate"]
        for changed in (document, {**document, "mandate": other}):
            with pytest.raises(TrustError) as caught:
                open_casefile(canonical(changed), log_keys=log.keys)
            assert caught.value.code == "trust-incomplete"


@pytest.mark.parametrize(
    ("crls", "at", "code"),
    [
        ([ISSUER.crl()], ISSUED - SECOND, "crl-stale"),
        ([ISSUER.crl()], ISSUED, None),
        ([ISSUER.crl()], NEXT, None),
        ([ISSUER.crl()], NEXT + SECOND, "crl-stale"),
        ([ISSUER.crl(until=END)], END, None),
        ([ISSUER.crl(until=END + SECOND)], END + SECOND, "certificate-not-valid-then"),
        ([ISSUER.crl(LEAF)], NOW, "certificate-revoked"),
    ],
)
def test_what_an_instant_decides_is_a_refusal(
    crls: Sequence[x509.CertificateRevocationList], at: dt.datetime, code: str | None
) -> None:
    """The instant is that of the entry; the same bytes come again from the same snapshot."""
    world = world_of(LEAF, ISSUER.certificate, mandated=renewed(*crls))
    raw = world.submission(fabricator={})
    decided = decide(raw, trust=world.trust(), at=at)
    assert decided.refusal_code == code
    if code is not None:
        refusal = read_decision(decided.payload)["predicate"]["refusal"]
        assert refusal == {"step": 3, "code": code, "pointer": "/signatures/0"}
    assert decide(raw, trust=world.trust(), at=at).payload == decided.payload


def test_a_path_that_has_ended_since_replays_at_its_time(tmp_path: Path) -> None:
    """Before and after the end of list and path, in one log, under one snapshot."""
    long = renewed(ISSUER.crl(until=END + SECOND))
    world = world_of(LEAF, ISSUER.certificate, mandated=long)
    raw = world.submission(fabricator={})
    later = world.submission({"end_use": "Another use."}, fabricator={})
    with world_log(world, tmp_path / "data") as log:
        (good,) = log.register([raw], END)
        (refused,) = log.register([later], END + SECOND)
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert good.refusal_code is None
    assert refused.refusal_code == "certificate-not-valid-then"
    assert report.refusals == {"certificate-not-valid-then": 1}


def put_in_force(log: WorldLog, world: World, mandated: bytes, at: dt.datetime) -> World:
    """Activate a mandate; the world as it is from then on."""
    after = world_of(LEAF, ISSUER.certificate, mandated=mandated)
    raw = world.activation(after.trust_bytes(), mandate=digest(mandated), bodies=after.bodies())
    activate(log.writer, log.records, activation=raw, packs=[], mandate=mandated, at=at)
    return after


def test_lists_are_renewed_and_keys_revoked_by_an_activation(tmp_path: Path) -> None:
    """What came before keeps its answer; what comes after is refused, and all of it replays."""
    world, data = certified(), tmp_path / "data"
    raws = [
        world.submission({"end_use": f"Use number {number}."}, fabricator={}) for number in range(4)
    ]
    outcomes = []
    with world_log(world, data) as log:
        outcomes += log.register(raws[:1], NOW)
        outcomes += log.register(raws[1:2], NEXT + SECOND)
        world = put_in_force(log, world, renewed(ISSUER.crl(until=END)), NEXT + 2 * SECOND)
    with open_log(world, data) as log:
        outcomes += log.register(raws[2:3], NEXT + 3 * SECOND)
        world = put_in_force(log, world, renewed(ISSUER.crl(LEAF, until=END)), NEXT + 4 * SECOND)
    with open_log(world, data) as log:
        outcomes += log.register(raws[3:], NEXT + 5 * SECOND)
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert [each.refusal_code for each in outcomes] == [
        None,
        "crl-stale",
        None,
        "certificate-revoked",
    ]
    assert len(report.trusts) == 3
    assert report.refusals == {"crl-stale": 1, "certificate-revoked": 1}
    trusts = [predicate_of(each.decision.body)["trust"] for each in outcomes]
    assert trusts[0] == trusts[1]
    assert len(set(trusts)) == 3


NAMESAKE = root("Root", key=root("Other").key)


@pytest.mark.parametrize(
    ("path", "mandated", "code"),
    [
        ([LEAF, ISSUER.certificate], None, "path-invalid"),
        ([LEAF, ISSUER.certificate], EMPTY, "path-invalid"),
        ([LEAF], MANDATE, "path-invalid"),
        ([LEAF, ISSUER.certificate], mandate(roots=[NAMESAKE.certificate]), "path-invalid"),
        ([LEAF, ISSUER.certificate], mandate(roots=[ROOT.certificate]), "crl-missing"),
        ([LEAF, ISSUER.certificate], renewed(NAMESAKE.crl()), "crl-missing"),
        ([ISSUER.certificate], MANDATE, "certificate-mismatch"),
        (
            [ISSUER.leaf(GOOD, subject=name("Other Inc.", "Mei-Ling Chen")), ISSUER.certificate],
            MANDATE,
            "certificate-mismatch",
        ),
        (
            [ISSUER.leaf(GOOD, uses=[]), ISSUER.certificate],
            MANDATE,
            "certificate-unfit",
        ),
    ],
)
def test_a_snapshot_with_a_path_that_does_not_hold_is_not_opened(
    path: Sequence[x509.Certificate], mandated: bytes | None, code: str
) -> None:
    """It says whose: which keyset of the snapshot, which of its keys."""
    world = world_of(*path, mandated=mandated)
    with pytest.raises(TrustError) as caught:
        world.trust()
    place = sorted(world.keysets()).index(digest(world.designer.keyset()))
    assert caught.value.code == code
    assert caught.value.pointer == f"/keysets/{place}/keys/0/certificates"


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        ({"SERIAL_NUMBER": "12345678"}, True),
        ({"ORGANIZATION_IDENTIFIER": "NTRUS-12345678"}, True),
        ({"ORGANIZATION_IDENTIFIER": "LEIXG-5493001KJTIIGC8Y1R12"}, True),
        ({"SERIAL_NUMBER": "12345679"}, False),
    ],
)
def test_numbers_in_a_certificate_are_those_of_the_legal_entity(
    number: dict[str, str], holds: bool
) -> None:
    subject = name("Tianqiu Design Inc.", "Mei-Ling Chen", **number)
    world = world_of(ISSUER.leaf(GOOD, subject=subject), ISSUER.certificate)
    world.designer.entity = {
        "lei": "5493001KJTIIGC8Y1R12",
        "registrations": [{"authority": "Delaware", "number": "12345678"}],
    }
    if holds:
        assert decide(world.submission(), trust=world.trust(), at=NOW).refusal_code is None
    else:
        with pytest.raises(TrustError) as caught:
            world.trust()
        assert caught.value.code == "certificate-mismatch"


def test_the_record_and_the_certificate_both_bound_a_key() -> None:
    for span, code in (
        (("2026-11-24T14:00:00Z", "2026-11-24T14:00:00Z"), None),
        (("2026-11-24T14:00:01Z", "2026-11-24T14:00:01Z"), "key-not-valid-then"),
    ):
        world = world_of(LEAF, ISSUER.certificate, valid_from=span[0], valid_until=span[1])
        decided = decide(world.submission(), trust=world.trust(), at=NOW)
        assert decided.refusal_code == code


def test_the_service_signs_nothing_while_its_own_path_does_not_hold(tmp_path: Path) -> None:
    """A decision that no reader could open is not made."""
    world = World(mandate=MANDATE)
    service = name("Formosa Example Foundry Co., Ltd.", "Decision service", "TW")
    leaf = ISSUER.leaf(world.decision_signer, subject=service)
    path = [encode_base64(der(each)) for each in (leaf, ISSUER.certificate)]
    decisive = next(key for key in world.foundry.extra_keys if key["purpose"] == "decision")
    decisive["certificates"] = path
    raw, later = world.submission(fabricator={}), world.submission({"end_use": "Another use."})
    with world_log(world, tmp_path / "data") as log:
        assert [log.registrar.signs(at) for at in (NEXT, NEXT + SECOND)] == [True, False]
        log.register([raw], NEXT)
        (refused,) = log.registrar.register([later], NEXT + SECOND)
        assert isinstance(refused, AttestError)
        assert refused.code == "not-ready"
        assert replay(log.export(tmp_path / "export"), log_keys=log.keys).decisions == 1


@pytest.mark.parametrize("named", [None, MANDATE, EMPTY])
def test_a_mandate_that_the_people_did_not_name(named: bytes | None, tmp_path: Path) -> None:
    """The snapshot is the one that they signed, but the statement speaks of another mandate."""
    world, after = World(mandate=MANDATE), World(mandate=EMPTY)
    members: dict[str, Any] = {} if named is None else {"mandate": digest(named)}
    raw = world.activation(after.trust_bytes(), bodies=after.bodies(), **members)
    with world_log(world, tmp_path / "data") as log:
        index = log.writer.head.size
        (trust,) = log.standing.refs["trust"]
        refs = dict(parse_entry(log.records.entry(trust)).refs)
        refs |= {"mandate": (index,), "activation": (index + 1,)}
        drafts = [
            Draft("mandate", EMPTY),
            Draft("activation", raw),
            Draft("trust", after.trust_bytes(), refs),
        ]
        log.writer.append(drafts, at=NOW)
        if named == EMPTY:
            assert len(replay(log.export(tmp_path / "export"), log_keys=log.keys).trusts) == 2
        else:
            assert fault(log, tmp_path) == ("activation-not-possible", index + 2)


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{}", "schema-violation"), (EMPTY.replace(b"[]", b'["MIIB"]', 1), "certificate-malformed")],
)
def test_a_log_with_a_mandate_that_does_not_open(body: bytes, code: str, tmp_path: Path) -> None:
    with world_log(World(), tmp_path / "data") as log:
        index = log.writer.head.size
        log.writer.append([Draft("mandate", body)], at=NOW)
        assert fault(log, tmp_path) == (code, index)
