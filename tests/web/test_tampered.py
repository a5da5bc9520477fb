"""Changed case files: the verifier page names the check that fails, and shows nothing of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from attest.casefile import open_casefile
from attest.decision import decide
from attest.encoding import Json, canonical, decode_base64, digest, encode_base64, loads
from attest.envelope import seal
from attest.errors import AttestError
from attest.keys import P256_ORDER
from attest.log.checkpoint import LogKeys
from attest.log.cosignature import CosignatureSigner
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from attest.signing import KeySigner
from tests.web.cases import (
    LIMIT,
    Cases,
    changed,
    flipped,
    inside,
    line_changed,
    part,
    signature_flipped,
)
from tests.web.conftest import Check
from tests.web.verifying import Shown
from tests.world import NOW, World, derived_signer, key_record, statement
from tests.world_log import open_log, world_log

Change = Callable[[bytes], bytes]
ED25519 = "Checkpoint 1: Ed25519 signature of the log"
ML_DSA = "Checkpoint 1: ML-DSA-44 signature of the log"
FOLLOWS = "Decision directly follows its submission"
RESTS = "Decision rests on the submission and the trust snapshot"


def refused(cases: Cases, raw: bytes) -> str:
    """The code with which the library refuses a case file."""
    with pytest.raises(AttestError) as caught:
        open_casefile(raw, log_keys=cases.log.keys)
    return caught.value.code


def member(*path: str | int, to: Change) -> Change:
    """The change of one member that is base64."""
    return lambda written: changed(written, *path, to=inside(to))


def line(number: int, to: Change) -> Change:
    """The change of one line of the proof of the submission."""
    return member("submission", "proof", "tlog_proof", to=line_changed(number, to))


def in_entry(before: bytes, after: bytes) -> Change:
    """The change of the submission's entry."""
    return member("submission", "proof", "entry", to=lambda raw: raw.replace(before, after, 1))


def first_of(text: bytes) -> bytes:
    """A base64 text with another first character."""
    return (b"A" if text[:1] != b"A" else b"B") + text[1:]


TAMPERED: dict[str, tuple[Change, set[str]]] = {
    "submission body": (member("submission", "body", to=flipped), {"Submission: body"}),
    "submission salt": (member("submission", "proof", "salt", to=flipped), {"Submission: body"}),
    "decision body": (member("decision", "body", to=flipped), {"Decision: body"}),
    "decision salt": (member("decision", "proof", "salt", to=flipped), {"Decision: body"}),
    "trust body": (member("trust", "body", to=flipped), {"Trust snapshot: body"}),
    "entry": (
        in_entry(b"T14:00:00Z", b"T14:00:01Z"),
        {"Submission: path to the checkpoint"},
    ),
    "entry spelling": (in_entry(b":", b": "), {"Submission: form of the proof"}),
    "entry index": (in_entry(b'"index":', b'"index":1'), {"Submission: form of the proof"}),
    "proof index": (line(1, lambda text: text + b"0"), {"Submission: form of the proof"}),
    "proof header": (line(0, lambda text: text + b"x"), {"Submission: form of the proof"}),
    "proof hash": (line(2, first_of), {"Submission: path to the checkpoint"}),
    "checkpoint size": (line(-6, lambda text: text + b"0"), {ED25519, ML_DSA}),
    "checkpoint root": (line(-5, first_of), {ED25519, ML_DSA}),
    "Ed25519 signature": (line(-3, signature_flipped), {ED25519}),
    "ML-DSA-44 signature": (line(-2, signature_flipped), {ML_DSA}),
    "Ed25519 signature missing": (line(-3, lambda text: text.replace(b"foundry", b"x")), {ED25519}),
    "keyset": (member("keysets", 0, to=flipped), {"Keysets are those that it names"}),
    "pack": (member("packs", 0, to=flipped), {"Packs are those that it names"}),
    "keyset missing": (
        lambda written: changed(written, "keysets", to=lambda all_: all_[1:]),
        {"Keysets are those that it names"},
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_part_is_named(cases: Cases, check: Check, name: str) -> None:
    change, failing = TAMPERED[name]
    raw = change(cases.good["hold"])
    assert refused(cases, raw)
    hidden(check(raw), failing)


def hidden(shown: Shown, failing: set[str]) -> None:
    """Exactly these checks fail, the page says so first, and nothing of the case is shown."""
    assert shown.named("FAIL") == failing
    assert shown.banner.startswith(f"FAIL: {len(failing)} of ")
    assert all(name in shown.banner for name in failing)
    assert (shown.decision, shown.declaration) == ("", "")
    assert "Tianqiu A1" not in shown.all


def test_parts_of_another_case_are_refused(cases: Cases, check: Check) -> None:
    other = cases.good["reviewed"]
    swapped = changed(cases.good["hold"], "decision", to=part(other, "decision"))
    about = {"Is about this submission", "Names every statement of the submission"}
    shown = check(swapped)
    assert refused(cases, swapped) == "reference-broken"
    hidden(shown, {FOLLOWS, RESTS} | about & shown.named("FAIL"))
    assert "Is about this submission" in shown.named("FAIL")
    given = changed(cases.good["hold"], "reviews", to=part(other, "reviews"))
    shown = check(given)
    assert refused(cases, given) == "reference-broken"
    assert shown.named("FAIL") == {
        f"Review {number} rests on the decision and the trust snapshot" for number in (1, 2)
    }
    assert "What reviewers did" not in shown.all
    typed = changed(cases.good["hold"], "decision", to=part(other, "submission"))
    hidden(check(typed), {"Decision: form of the proof"})


@pytest.mark.parametrize("places", [(1, 0), (0, 0), (1, 1)])
def test_reviews_stand_in_the_order_of_the_log(
    cases: Cases, check: Check, places: tuple[int, int]
) -> None:
    reviews = part(cases.good["reviewed"], "reviews")
    raw = changed(cases.good["reviewed"], "reviews", to=[reviews[place] for place in places])
    assert refused(cases, raw) == "reference-broken"
    failing = check(raw).named("FAIL")
    assert failing == {"Review 2 rests on the decision and the trust snapshot"}


def test_the_keys_decide_which_log_is_meant(cases: Cases, check: Check, tmp_path: Path) -> None:
    with world_log(World(), tmp_path / "other") as other:
        keys = "\n".join(other.keys.vkeys())
    hidden(check(cases.good["hold"], keys), {ED25519, ML_DSA})
    first, second = cases.keys.split()
    elsewhere = LogKeys("other.example/log", *(key.public for key in log_keys(cases))).vkeys()
    hidden(check(cases.good["hold"], "\n".join(elsewhere)), {"Checkpoint 1: text"})
    for broken in (
        first,
        f"{first}\n{first}",
        f"{first}\n{elsewhere[1]}",
        f"{first}\n{second[:-4]}",
        f"{first}\n{second}\n{first}",
        f"{first}\n{second}\n{CosignatureSigner.generate('w').keys[0].vkey}",
        f"{first.replace('+', '+0', 1)}\n{second}",
        "no key",
    ):
        hidden(check(cases.good["hold"], broken), {"Verifier keys of the log"})


def log_keys(cases: Cases) -> tuple[Json, Json]:
    return cases.log.keys.note_keys()


def test_two_roots_of_one_size_are_refused(cases: Cases, check: Check, tmp_path: Path) -> None:
    """A log that shows two people two histories, both signed."""
    world = World()
    with world_log(world, tmp_path / "one") as log:
        keys = "\n".join(log.keys.vkeys())
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    written = []
    for folder in ("one", "two"):
        with open_log(world, tmp_path / folder) as log:
            raw = world.submission({"end_use": folder})
            log.register([raw])
            written.append(Cases(log, keys, {}).of(raw))
    raw = changed(written[0], "trust", to=part(written[1], "trust"))
    shown = check(raw, keys)
    hidden(shown, {"One size of the log has one root"})
    assert check(written[0], keys).word == "PASS"


def sealed(cases: Cases, *signers: KeySigner, **changes: Json) -> bytes:
    """A decision like that of the held case, signed by others or with other members."""
    document = loads(cases.decided(decode_base64(part(cases.good["hold"], "submission", "body"))))
    document["predicate"].update(changes)
    return seal(canonical(document), signers or [World().decision_signer])


def forged_decision(cases: Cases, decision: bytes) -> bytes:
    submission = decode_base64(part(cases.good["hold"], "submission", "body"))
    return cases.forged(submission, decision)


def test_a_forged_decision_in_the_log_is_named(cases: Cases, check: Check) -> None:
    """The log has signed these; the decision itself does not hold."""
    world = World()
    basis, verdict = "Was made under this trust snapshot", "Verdict follows from what was found"
    names = "Names every statement of the submission"
    envelope = "Envelope 1 of the submission"
    refusal = {"step": 3, "code": "unknown-key", "pointer": "/signatures/0"}
    statements = loads(cases.decided(held(cases)))["predicate"]["statements"]
    for decision, failing in (
        (sealed(cases), set()),
        (sealed(cases, world.reviewers[0]), {"Decision"}),
        (sealed(cases, derived_signer("nobody")), {"Decision"}),
        (sealed(cases, world.decision_signer, world.decision_signer), {"Decision"}),
        (sealed(cases, verdict="PASS"), {verdict}),
        (sealed(cases, verdict="MAYBE", findings=[{"verdict": "MAYBE"}]), {verdict}),
        (sealed(cases, refusal=refusal, verdict="FAIL"), {verdict}),
        (_stated(cases, _type="x"), {verdict}),
        (_stated(cases, predicateType=DECLARATION_TYPE), {verdict}),
        (_stated(cases, x=1), {verdict}),
        (sealed(cases, must_understand=["x"]), {verdict}),
        (sealed(cases, trust="sha256:" + "0" * 64), {basis}),
        (sealed(cases, foundry="packager"), {basis}),
        (sealed(cases, mode="bis_practice"), {basis}),
        (sealed(cases, packs=[]), {basis}),
        (sealed(cases, decided_at="2026-11-24T14:00:01Z"), {basis}),
        (sealed(cases, statements=[]), {envelope, names}),
        (sealed(cases, statements=statements * 2), {names}),
        (sealed(cases, statements=[{**statements[0], "signers": []}]), {envelope}),
        (sealed(cases, statements=[{**statements[0], "digest": digest(b"")}]), {envelope}),
        (sealed(cases, statements=[{**statements[0], "predicate_type": "x"}]), {envelope}),
        (_refusing(cases, refusal), {f"{envelope} does not open, as the decision says"}),
    ):
        raw = forged_decision(cases, decision)
        if failing:
            assert refused(cases, raw)
            hidden(check(raw), failing)
        else:
            assert check(raw).word == "PASS"


def held(cases: Cases) -> bytes:
    """The submission of the held case."""
    return decode_base64(part(cases.good["hold"], "submission", "body"))


def _stated(cases: Cases, **changes: Json) -> bytes:
    document = loads(cases.decided(held(cases))) | changes
    return seal(canonical(document), [World().decision_signer])


def _refusing(cases: Cases, refusal: Json) -> bytes:
    document = loads(cases.decided(held(cases)))
    del document["predicate"]["findings"]
    document["predicate"].update(refusal=refusal, statements=[], verdict="FAIL")
    return seal(canonical(document), [World().decision_signer])


def test_a_forged_review_in_the_log_is_named(cases: Cases, check: Check) -> None:
    world, submission = World(), held(cases)
    payload = cases.decided(submission)
    subject = read_decision(payload)["subject"]
    one, two = world.reviewers
    decision = decode_base64(part(cases.good["hold"], "decision", "body"))
    for review in (
        world.review(payload, subject, signers=[one]),
        world.review(payload, subject, signers=[one, one]),
        world.review(payload, subject, signers=[one, world.decision_signer]),
        world.review(payload, subject, signers=[one, two, world.designer.signer]),
        world.review(b"{}", subject),
        world.review(payload, [{"name": "submission", "digest": {"sha256": "0" * 64}}]),
        world.review(payload, subject, reviewed_at="2026-11-24T14:00:01Z"),
        world.review(payload, subject, reviewed_at="2026"),
        world.review(payload, subject, action="approve"),
        decision,
    ):
        raw = cases.forged(submission, decision, review)
        assert refused(cases, raw)
        shown = check(raw)
        assert shown.named("FAIL") == {"Review 1"}
        assert (shown.word, "What reviewers did" in shown.all) == ("FAIL", False)
    release = world.review(payload, subject)
    twice = cases.forged(submission, decision, release, world.review(payload, subject, reason="x"))
    assert refused(cases, twice) == "review-not-possible"
    assert check(twice).named("FAIL") == {"Review 2"}
    assert check(cases.forged(submission, decision, release)).word == "PASS"


def test_another_party_cannot_decide_or_review(check: Check, tmp_path: Path) -> None:
    """Keys that are enrolled for it, but not with the foundry."""
    world = World()
    others = [derived_signer(f"packager {number}") for number in range(3)]
    world.osat.extra_keys += [
        key_record(signer, purpose, f"Person {number}")
        for number, (signer, purpose) in enumerate(
            zip(others, ("decision", "review", "review"), strict=True)
        )
    ]
    with world_log(world, tmp_path / "log") as log:
        cases = Cases(log, "\n".join(log.keys.vkeys()), {})
        raw = world.submission()
        log.register([raw])
        payload, subject = cases.decided(raw), read_decision(cases.decided(raw))["subject"]
        good = log.records.lookup(digest(raw)).decision.body
        decided = cases.forged(raw, seal(payload, others[:1]))
        assert refused(cases, decided) == "party-mismatch"
        hidden(check(decided, cases.keys), {"Decision"})
        reviewed = cases.forged(raw, good, world.review(payload, subject, signers=others[1:]))
        assert refused(cases, reviewed) == "role-not-permitted"
        assert check(reviewed, cases.keys).named("FAIL") == {"Review 1"}


def test_only_a_hold_is_reviewed(cases: Cases, check: Check) -> None:
    submission = decode_base64(part(cases.good["pass"], "submission", "body"))
    decision = decode_base64(part(cases.good["pass"], "decision", "body"))
    payload = cases.decided(submission)
    review = World().review(payload, read_decision(payload)["subject"])
    raw = cases.forged(submission, decision, review)
    assert refused(cases, raw) == "review-not-possible"
    assert check(raw).named("FAIL") == {"Review 1"}


def test_a_second_spelling_of_a_signature_is_refused(cases: Cases, check: Check) -> None:
    """ECDSA with s in the upper half of the order; the log holds it, the decision names it."""
    document = loads(held(cases), string_bytes_max=LIMIT)
    signature = decode_base64(document["envelopes"][0]["signatures"][0]["sig"])
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    document["envelopes"][0]["signatures"][0]["sig"] = encode_base64(
        signature[:32] + s.to_bytes(32, "big")
    )
    raw = about(cases, canonical(document))
    assert refused(cases, raw) == "decision-differs"
    hidden(check(raw), {"Envelope 1 of the submission"})


def about(cases: Cases, submission: bytes) -> bytes:
    """A case of a decision, like that of the held case, about any bytes."""
    decision = loads(cases.decided(held(cases)))
    decision["subject"][0]["digest"]["sha256"] = digest(submission).removeprefix("sha256:")
    return cases.forged(submission, seal(canonical(decision), [World().decision_signer]))


def test_what_is_no_submission_is_refused(cases: Cases, check: Check) -> None:
    """A decision that the foundry signed, about bytes that cannot have been received."""
    good = loads(held(cases), string_bytes_max=LIMIT)
    for submission in (
        canonical(good | {"v": 2}),
        canonical(good | {"x": 1}),
        canonical(good | {"envelopes": []}),
        canonical(good | {"envelopes": good["envelopes"] * 9}),
        canonical({"envelopes": good["envelopes"]}),
        b'{"v":1,"v":1}',
        b"no JSON",
    ):
        raw = about(cases, submission)
        assert refused(cases, raw) == "decision-differs"
        hidden(check(raw), {"Submission holds envelopes"})
    assert check(about(cases, canonical(good["envelopes"][0]))).word == "PASS"


def test_a_key_counts_only_while_it_is_valid(check: Check, tmp_path: Path) -> None:
    world = World()
    world.foundry.extra_keys[0]["valid_until"] = "2026-11-24T13:59:59Z"
    with world_log(world, tmp_path / "log") as log:
        submission = seal(statement(DECLARATION_TYPE, world.declaration()), [world.designer.signer])
        decided = decide(submission, trust=world.trust(), at=NOW).payload
        cases = Cases(log, "\n".join(log.keys.vkeys()), {})
        written = cases.forged(submission, seal(decided, [world.decision_signer]))
        assert refused(cases, written) == "key-not-valid-then"
        hidden(check(written, cases.keys), {"Decision"})


def test_what_cannot_be_shown_is_not_shown(cases: Cases, check: Check) -> None:
    """A signed decision that is not of its schema: no half of it appears."""
    raw = forged_decision(cases, sealed(cases, completion_date={"a": 1}))
    assert refused(cases, raw) == "schema-violation"
    shown = check(raw)
    assert (shown.all, shown.status) == ("", "")
    assert "a document in it is not of its schema" in shown.told
