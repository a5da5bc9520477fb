"""The verifier page on good case files: every check passes, and what was signed is shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from attest.casefile import open_casefile
from attest.encoding import decode_base64, digest
from attest.envelope import seal
from attest.log.cosignature import CosignatureSigner
from attest.models import DECLARATION_TYPE
from attest.signing import signer_of
from conformance import issuers
from service.answers import casefile_answer
from tests.web.cases import HEBREW, TAMIL, Cases, changed, inside, part, signature_flipped
from tests.web.conftest import Check
from tests.world import NOW, World, key_record, statement
from tests.world_log import world_log

NO_ML_DSA = """const load = crypto.subtle.importKey.bind(crypto.subtle);
SubtleCrypto.prototype.importKey = (format, key, algorithm, ...rest) =>
  String(algorithm).startsWith("ML-DSA") ? Promise.reject(new TypeError("unknown"))
    : load(format, key, algorithm, ...rest);"""
VERDICTS = {
    "pass": "PASS",
    "hold": "HOLD",
    "reviewed": "HOLD",
    "fail": "FAIL",
    "refused-binding": "FAIL",
    "refused-signature": "FAIL",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_good_case_passes_every_check(cases: Cases, check: Check, name: str) -> None:
    assert open_casefile(cases.good[name], log_keys=cases.log.keys).verdict == VERDICTS[name]
    shown = check(cases.good[name])
    assert shown.word == "PASS"
    assert shown.named("FAIL") == set()
    assert shown.named("NOT CHECKED") == {"Verifier keys of witnesses"}.union(
        {"Envelope 2 of the submission"} if name == "refused-signature" else ()
    )
    assert f"The foundry’s verdict: {VERDICTS[name]}" in shown.banner
    assert f"Verdict{VERDICTS[name]}" in shown.decision


def test_what_was_signed_is_shown_as_text(cases: Cases, check: Check) -> None:
    """Names in their script; markup as text; what is invisible as its number."""
    shown = check(cases.good["pass"])
    assert "<img src=x onerror=alert(1)> softU+00ADhyphen" in shown.declaration
    assert (
        "Signed by Mei-Ling Chen, Head of Trade Compliance, for 天秋設計股份有限公司" in shown.all
    )
    assert HEBREW in shown.declaration
    assert TAMIL in shown.declaration
    assert "12,000,000,000 (12 billion) (measured)" in shown.declaration
    assert "What the front-end-fabricator attests" in shown.all
    assert "15 CFR 774 Supp. 1, ECCN 3A090, Note 1" in shown.decision


def test_reviews_are_shown_with_the_people_who_signed(cases: Cases, check: Check) -> None:
    shown = check(cases.good["reviewed"])
    assert shown.rows["Review 1"] == ("PASS", "ask by Ana Costa and Wei Lin")
    assert shown.rows["Review 2"] == ("PASS", "release by Ana Costa and Wei Lin")
    assert "HOLD; after review released, which counts as PASS" in shown.banner
    assert "The packager's certificate for the site was received and checked." in shown.all


def test_a_refusal_shows_no_claim(cases: Cases, check: Check) -> None:
    """A refused submission could not be relied on, so nothing of it is shown."""
    bound = check(cases.good["refused-binding"])
    assert "refused in step 6 (binding): wrong-audience" in bound.decision
    assert (bound.declaration, "Tianqiu A1" in bound.all) == ("", False)
    unsigned = check(cases.good["refused-signature"])
    assert "refused in step 3 (signatures): unknown-key" in unsigned.decision
    name = "Envelope 1 of the submission does not open, as the decision says"
    assert unsigned.rows[name] == ("PASS", "signed by a key that the snapshot does not know")
    assert (unsigned.declaration, "Signed by nobody." in unsigned.all) == ("", False)


def test_the_page_says_what_it_did_not_check(cases: Cases, check: Check) -> None:
    shown = check(cases.good["hold"])
    for words in (
        "attest verify",
        "newest",
        "superseded",
        "later review",
        "revoked",
        "Verifier keys of witnesses: none were given.",
    ):
        assert words in shown.unchecked
    assert "The rules were not run again" in shown.banner


def test_without_ml_dsa_the_page_says_so(cases: Cases, check: Check) -> None:
    shown = check(cases.good["pass"], before=NO_ML_DSA)
    name = "Checkpoint 1: ML-DSA-44 signature of the log"
    told = "not checked by this browser: it does not know ML-DSA"
    assert shown.rows[name] == ("NOT CHECKED", told)
    assert (shown.word, shown.named("FAIL")) == ("PASS", set())
    assert "2 checks were not made" in shown.banner
    assert f"{name}: {told}." in shown.unchecked


def test_a_statement_signed_with_both_kinds_of_keys(check: Check, tmp_path: Path) -> None:
    """Every signature must hold; where the browser knows only one kind, nothing is shown."""
    world = World()
    second = signer_of(MLDSA65PrivateKey.generate())
    world.designer.extra_keys.append(key_record(second))
    declared = statement(DECLARATION_TYPE, world.declaration())
    raw = seal(declared, [world.designer.signer, second])
    with world_log(world, tmp_path / "log") as log:
        log.register([raw])
        cases = Cases(log, "\n".join(log.keys.vkeys()), {})
        case = cases.of(raw)
        shown = check(case, cases.keys)
        assert (shown.word, shown.named("FAIL")) == ("PASS", set())
        assert "(ecdsa-p256-sha256) and Mei-Ling Chen" in shown.declaration
        assert "(ml-dsa-65)" in shown.declaration
        unable = check(case, cases.keys, before=NO_ML_DSA)
    assert (unable.word, unable.named("FAIL")) == ("NOT CHECKED", set())
    told = "not checked by this browser: it does not know ML-DSA"
    assert unable.rows["Envelope 1 of the submission"] == ("NOT CHECKED", told)
    assert f"Envelope 1 of the submission: {told}." in unable.banner
    assert (unable.decision, unable.declaration) == ("", "")


def test_without_keys_nothing_is_checked_or_shown(cases: Cases, check: Check) -> None:
    shown = check(cases.good["pass"], "")
    assert (shown.word, shown.decision, shown.declaration) == ("NOT CHECKED", "", "")
    assert "without them nothing can be checked" in shown.banner


def cosigned(written: bytes, lines: bytes) -> bytes:
    """The case file with lines of witnesses at every checkpoint."""
    for name in ("submission", "decision", "trust"):
        path = (name, "proof", "tlog_proof")
        written = changed(written, *path, to=inside(lambda proof: proof + lines))
    return written


def test_witnesses_are_checked_when_their_keys_are_given(cases: Cases, check: Check) -> None:
    case = cases.good["hold"]
    proof = decode_base64(part(case, "decision", "proof", "tlog_proof"))
    note = proof.partition(b"\n\n")[2]
    witnesses = [CosignatureSigner.generate(f"witness.example/w{number}") for number in (1, 2)]
    lines = witnesses[0].cosign(note, at=NOW + dt.timedelta(minutes=1))
    keys = "\n".join(key.vkey for witness in witnesses for key in witness.keys)
    shown = check(cosigned(case, lines), witnesses=keys)
    name = "Checkpoint 1: {} cosignature of witness.example/{}"
    assert shown.word == "PASS"
    for algorithm in ("Ed25519", "ML-DSA-44"):
        told = "dated 2026-11-24T14:01:00Z by its signer"
        assert shown.rows[name.format(algorithm, "w1")] == ("PASS", told)
        assert shown.rows[name.format(algorithm, "w2")][0] == "NOT CHECKED"
    ed25519, ml_dsa = lines.split(b"\n")[:2]
    for forged, failing in (
        (signature_flipped(ed25519) + b"\n" + ml_dsa + b"\n", "Ed25519"),
        (ed25519 + b"\n" + signature_flipped(ml_dsa) + b"\n", "ML-DSA-44"),
    ):
        spoilt = check(cosigned(case, forged), witnesses=keys)
        assert spoilt.named("FAIL") == {name.format(failing, "w1")}
        assert (spoilt.word, spoilt.decision) == ("FAIL", "")
        assert check(cosigned(case, forged)).word == "PASS"


def test_keys_of_witnesses_are_not_of_logs(cases: Cases, check: Check) -> None:
    shown = check(cases.good["pass"], witnesses=cases.keys)
    assert shown.named("FAIL") == {"Verifier keys of witnesses"}
    assert (shown.word, shown.decision) == ("FAIL", "")


def test_a_mandate_is_not_applied_and_nothing_below_it_passes(check: Check, tmp_path: Path) -> None:
    world = World(mandate=issuers.mandate())
    raw = world.submission(fabricator={})
    with world_log(world, tmp_path / "data") as log:
        log.register([raw])
        case = casefile_answer(log.records, digest(raw))
        assert open_casefile(case, log_keys=log.keys).verdict == "PASS"
        shown = check(case, "".join(f"{line}\n" for line in log.keys.vkeys()))
    assert (shown.word, shown.named("FAIL")) == ("NOT CHECKED", set())
    assert (shown.decision, shown.declaration) == ("", "")
    assert any("names a mandate" in told for _, told in shown.rows.values())
