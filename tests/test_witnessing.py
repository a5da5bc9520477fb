"""Policies in the log: whom readers may rely on, for which time, and who said so (SPEC 13.6)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from attest.cli.statements import policy_statement
from attest.encoding import canonical, loads
from attest.envelope import seal
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.cosignature import CosignatureSigner
from attest.log.export import CHECKPOINT_PATH, Export
from attest.models import POLICY_TYPE
from attest.signing import KeySigner
from attest.walk import walk
from attest.witnessing import OpenedPolicy, open_policy, open_witnessed
from service.__main__ import main
from service.activation import record_policy
from tests.cli.helpers import attest, check_failed, document, succeeded, write_key
from tests.test_forgery import LATER, PASSED, append
from tests.test_forgery_documents import fault
from tests.world import NOW, World, derived_signer, statement
from tests.world_log import ORIGIN, found_world, open_log, world_log

WORLD = World()
TRUST = WORLD.trust()
WITNESS = CosignatureSigner.generate("auditor.example/w1")
TEN_YEARS = dt.timedelta(days=3650)
DAY = dt.timedelta(days=1)


def text_of_policy(witness: CosignatureSigner = WITNESS) -> str:
    ed25519, ml_dsa_44 = witness.keys
    return (
        f"witness\tw1\t{ed25519.vkey}\nwitness w1-pq {ml_dsa_44.vkey}\n"
        "group w1-any any w1 w1-pq\nquorum w1-any\n"
    )


def policy(
    *,
    witness: CosignatureSigner = WITNESS,
    valid_from: dt.datetime = NOW,
    valid_until: dt.datetime = NOW + TEN_YEARS,
    origin: str = ORIGIN,
    signers: list[KeySigner] | None = None,
    text: str | None = None,
) -> bytes:
    named = policy_statement(
        origin=origin,
        text=text_of_policy(witness) if text is None else text,
        valid_from=valid_from,
        valid_until=valid_until,
        reason="The board has chosen them.",
    )
    return seal(canonical(named), signers or WORLD.reviewers)


def changed(**members: object) -> bytes:
    document = loads(
        canonical(
            policy_statement(
                origin=ORIGIN,
                text="quorum none",
                valid_from=NOW,
                valid_until=NOW + DAY,
                reason="None.",
            )
        )
    )
    document["predicate"] |= members
    return seal(canonical(document), WORLD.reviewers)


def opened(raw: bytes, at: dt.datetime = NOW) -> OpenedPolicy:
    return open_policy(raw, trust=TRUST, at=at, origin=ORIGIN)


def test_a_policy_is_opened_with_its_time() -> None:
    found = opened(policy())
    assert found.holders == ("Ana Costa", "Wei Lin")
    assert found.policy.quorum == "w1-any"
    assert [found.covers(at) for at in (NOW, NOW + TEN_YEARS)] == [True, True]
    second = dt.timedelta(seconds=1)
    assert [found.covers(at) for at in (NOW - second, NOW + TEN_YEARS + second)] == [False, False]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"[]", "schema-violation"),
        (policy(signers=WORLD.reviewers[:1]), "too-few-signers"),
        (policy(signers=[derived_signer("stranger")]), "unknown-key"),
        (policy(signers=[WORLD.decision_signer]), "key-purpose"),
        (policy(origin="other.example/log"), "wrong-audience"),
        (policy(valid_until=NOW - DAY, valid_from=NOW - 2 * DAY), "expired"),
        (policy(valid_until=NOW + DAY, valid_from=NOW + 2 * DAY), "expired"),
        (changed(lines=["quorum nobody"]), "policy-malformed"),
        (changed(lines=["quorum none", ""]), "schema-violation"),
        (changed(lines=[]), "schema-violation"),
        (changed(lines=["quorum none\n"]), "json-text"),
        (changed(lines=["quorum\tnone"]), "json-text"),
        (changed(lines=["quorum none # 無"]), "schema-violation"),
        (changed(must_understand=["more"]), "must-understand"),
        (seal(statement(POLICY_TYPE, {}), WORLD.reviewers), "schema-violation"),
        (
            seal(statement("urn:foundry-attest:review:v1", {}), WORLD.reviewers),
            "unknown-predicate-type",
        ),
    ],
)
def test_a_policy_that_does_not_hold(raw: bytes, code: str) -> None:
    with pytest.raises((InputError, TrustError)) as caught:
        opened(raw)
    assert caught.value.code == code


def test_the_witnesses_of_a_day_are_found_years_later(tmp_path: Path) -> None:
    """Two policies, one after the other: each counts for its time, and both stay in the log."""
    successor = CosignatureSigner.generate("auditor.example/w2")
    with world_log(WORLD, tmp_path / "data") as log:
        record_policy(log.writer, log.records, policy=policy(valid_until=NOW + DAY), at=NOW)
        later = policy(witness=successor, valid_from=NOW + DAY + dt.timedelta(seconds=1))
        record_policy(log.writer, log.records, policy=later, at=NOW)
        log.register([PASSED], NOW)
        folder = log.export(tmp_path / "export")
        keys = log.keys
    note = (folder / CHECKPOINT_PATH).read_bytes()
    policies = list(walk(Export.open(folder, keys=keys), origin=ORIGIN).policies.values())
    assert len(policies) == 2
    by_first = note + WITNESS.cosign(note, at=NOW)
    by_second = note + successor.cosign(note, at=NOW)
    for cosigned, at, good in (
        (by_first, NOW, True),
        (by_first, NOW + DAY, True),
        (by_first, NOW + 2 * DAY, False),
        (by_second, NOW, False),
        (by_second, NOW + 2 * DAY, True),
        (note, NOW, False),
        (by_first + by_second.removeprefix(note), NOW - DAY, False),
    ):
        if good:
            found = open_witnessed(cosigned, keys=keys, policies=policies, at=at)
            assert found.witnesses == ("w1", "w1-pq")
        else:
            with pytest.raises(LogError) as caught:
                open_witnessed(cosigned, keys=keys, policies=policies, at=at)
            assert caught.value.code == "quorum-missing"
    false = note + WITNESS.cosign(note.replace(b"\n", b"x\n", 1), at=NOW)
    with pytest.raises(LogError) as spoiled:
        open_witnessed(false, keys=keys, policies=policies, at=NOW)
    assert spoiled.value.code == "checkpoint-signature"


def test_a_policy_without_a_quorum_is_no_witness(tmp_path: Path) -> None:
    """Nobody's cosignature must not read as cosigned."""
    with world_log(WORLD, tmp_path / "data") as log:
        note = (log.export(tmp_path / "export") / CHECKPOINT_PATH).read_bytes()
        keys = log.keys
    with_none = opened(policy(text="quorum none\n"))
    with pytest.raises(LogError) as caught:
        open_witnessed(note, keys=keys, policies=[with_none], at=NOW)
    assert caught.value.code == "quorum-missing"


@pytest.mark.parametrize("broken", ["one person", "refs", "no refs", "another log"])
def test_a_log_with_a_policy_that_nobody_agreed_to(broken: str, tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        raw = policy(
            signers=WORLD.reviewers[:1] if broken == "one person" else None,
            origin="other.example/log" if broken == "another log" else ORIGIN,
        )
        trust = log.standing.refs["trust"]
        refs = {} if broken == "no refs" else {"trust": trust}
        if broken == "refs":
            refs["pack"] = log.standing.refs["pack"]
        index = append(log, "policy", raw, **refs)
        code = {"one person": "too-few-signers", "another log": "wrong-audience"}
        assert fault(log, tmp_path) == (code.get(broken, "reference-broken"), index)


def test_a_policy_before_any_trust_is_refused_by_the_service(tmp_path: Path) -> None:
    with world_log(WORLD, tmp_path / "data") as log:
        size = log.writer.head.size
        with pytest.raises(AttestError) as caught:
            record_policy(
                log.writer, log.records, policy=policy(signers=WORLD.reviewers[:1]), at=LATER
            )
        assert (caught.value.code, log.writer.head.size) == ("too-few-signers", size)


def test_the_commands_name_witnesses_and_replay_holds_the_log_to_them(tmp_path: Path) -> None:
    found_world(WORLD, tmp_path / "data")
    (tmp_path / "policy").write_text(text_of_policy())
    keys = [
        write_key(tmp_path / f"{number}.pem", signer)
        for number, signer in enumerate(WORLD.reviewers)
    ]
    first, both = tmp_path / "first.json", tmp_path / "both.json"
    signed = attest(
        *("log", "policy", tmp_path / "policy", "--origin", ORIGIN, "--reason", "Chosen."),
        *("--valid-from", "2026-11-24T14:00:00Z", "--valid-until", "2036-11-24T14:00:00Z"),
        *("--key", keys[0], "--yes", "-o", first),
    )
    assert "I name the witnesses of the log" in succeeded(signed).stderr
    succeeded(attest("sign", first, "--add", "--key", keys[1], "--yes", "-o", both))
    for paper, code in ((first, 1), (both, 0)):
        result = CliRunner().invoke(main, ["policy", str(tmp_path / "data"), str(paper)])
        assert result.exit_code == code, result.stderr
    with open_log(WORLD, tmp_path / "data") as log:
        export = log.export(tmp_path / "export")
    arguments = ["replay", export, "--log-keys", tmp_path / "data" / "log.vkeys"]
    assert "witnesses" not in document(succeeded(attest(*arguments, "--json")))
    check_failed(attest(*arguments, "--witnessed"), 6, "quorum-missing")
    note = (export / CHECKPOINT_PATH).read_bytes()
    (export / CHECKPOINT_PATH).write_bytes(note + WITNESS.cosign(note, at=NOW))
    told = document(succeeded(attest(*arguments, "--witnessed", "--json")))
    assert told["witnesses"] == ["w1", "w1-pq"]
    assert "cosigned by w1, w1-pq" in succeeded(attest(*arguments, "--witnessed")).stdout


def test_what_cannot_be_a_policy(tmp_path: Path) -> None:
    (tmp_path / "policy").write_text("quorum nobody\n")
    result = attest(
        *("log", "policy", tmp_path / "policy", "--origin", ORIGIN, "--reason", "Chosen."),
        *("--valid-until", "2036-11-24T14:00:00Z", "--key", tmp_path / "none.pem", "--yes"),
    )
    check_failed(result, 2, "policy-malformed")
