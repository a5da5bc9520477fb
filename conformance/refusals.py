"""Questions that end in a refusal, in each of its steps, or that are no questions at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from attest import limits
from attest.encoding import Json, canonical, digest, encode_base64, loads
from attest.envelope import bundle, seal
from attest.models import DECLARATION_TYPE, REVIEW_TYPE
from conformance import papers
from conformance.binary import repeated
from conformance.papers import (
    AT,
    DESIGNER,
    DESIGNER_TWO,
    FABRICATOR,
    OSAT,
    STRANGER,
    declaration,
    determination,
    known,
    submission,
)
from conformance.questions import GOOD, Asked, pair


def step_3() -> Iterator[Asked]:
    declared = declaration()
    determined = determination(declared)

    def signed_by(*, signers: Sequence[Any] = (DESIGNER,), payload: bytes = declared) -> bytes:
        return bundle([seal(payload, signers), seal(determined, [FABRICATOR])])

    yield Asked(
        "signature-unknown-key",
        "A stranger's key.",
        signed_by(signers=[STRANGER]),
        "unknown-key",
        3,
    )
    changed = loads(GOOD)
    changed["envelopes"][0]["payload"] = encode_base64(declaration(end_use="Another."))
    yield Asked(
        "signature-bad",
        "The payload was changed after signing.",
        canonical(changed),
        "bad-signature",
        3,
    )
    yield Asked(
        "signature-twice",
        "One key signed twice.",
        signed_by(signers=[DESIGNER, DESIGNER]),
        "signature-repeated",
        3,
    )
    yield Asked(
        "signature-purpose",
        "Signed with a decision key.",
        signed_by(signers=[papers.DECIDER]),
        "key-purpose",
        3,
    )
    typed = loads(GOOD)
    typed["envelopes"][0]["payloadType"] = "application/json"
    yield Asked("payload-type", "Another payload type.", canonical(typed), "payload-type", 3)
    yield Asked("payload-base64", "Bits set that padding drops.", _loose_payload(), "base64", 3)
    outside = "2027-01-01T00:00:00Z"
    yield Asked(
        "key-outside",
        "A second after the key's validity.",
        GOOD,
        "key-not-valid-then",
        3,
        at=outside,
    )
    two = signed_by(signers=[DESIGNER, DESIGNER_TWO])
    yield Asked("two-signatures", "Two people of the designer sign.", two, "PASS")


def _loose_payload() -> bytes:
    """The good submission, its first payload spelt with bits that base64 drops."""
    document = loads(GOOD)
    payload = declaration(end_use="Packet processing. " * 3 + "x")
    while len(payload) % 3 != 1:
        payload = payload[:-1] + b" }"
    document["envelopes"][0]["payload"] = encode_base64(payload)[:-3] + "R=="
    return canonical(document)


def step_4() -> Iterator[Asked]:
    def alone(payload: bytes) -> bytes:
        return seal(payload, [DESIGNER])

    raw = declaration()
    for vector_id, about, payload, code in [
        ("payload-malformed", "The payload is not JSON.", raw[:-1], "json-malformed"),
        (
            "payload-utf-8",
            "The payload is not UTF-8.",
            raw.replace(b"A1", b"A\xff"),
            "json-encoding",
        ),
        (
            "payload-twice",
            "A member twice.",
            raw.replace(b'"_type"', b'"_type":"","_type"'),
            "json-duplicate-key",
        ),
        (
            "payload-float",
            "A number with a fraction.",
            raw.replace(b"120000000", b"120000000.0", 1),
            "json-float",
        ),
        (
            "payload-range",
            "2^53.",
            raw.replace(b"120000000", b"9007199254740992", 1),
            "json-number-range",
        ),
        (
            "payload-text",
            "A zero-width space.",
            raw.replace(b"A1", "A\u200b".encode()),
            "json-text",
        ),
        (
            "payload-member-new",
            "A member that the schema does not have.",
            declaration(extra=1),
            "schema-violation",
        ),
        (
            "payload-claim",
            "A bare value in the place of a claim.",
            declaration(datacenter=False),
            "schema-violation",
        ),
        (
            "payload-country",
            "A country that is none.",
            declaration(package={**papers.package_with(), "site_country": known("UK")}),
            "schema-violation",
        ),
        (
            "payload-extension",
            "An extension is demanded.",
            declaration(must_understand=["x"]),
            "must-understand",
        ),
        (
            "payload-type-unknown",
            "A predicate of another type.",
            papers.statement(REVIEW_TYPE, {"must_understand": []}),
            "unknown-predicate-type",
        ),
    ]:
        yield Asked(vector_id, about, alone(payload), code, 4)


def step_6() -> Iterator[Asked]:
    declared = declaration()
    good = seal(declared, [DESIGNER])
    determined = determination(declared)

    other = determination(declaration(end_use="Another."))
    late = {"not_before": "2026-11-24T14:00:01Z", "not_after": "2026-11-30T23:59:59Z"}
    over = {"not_before": "2026-02-01T00:00:00Z", "not_after": "2026-11-24T13:59:59Z"}
    ends = {"not_before": AT, "not_after": AT}
    renamed = papers.parties_with("designer", name="Somebody Inc.", name_latin="Somebody Inc.")
    moved = papers.statement(
        DECLARATION_TYPE,
        loads(declared)["predicate"],
        subject=[{"name": "OTHER", "digest": {"sha256": papers.DESIGN}}],
    )
    for vector_id, about, raw, code in [
        (
            "declaration-none",
            "A determination alone.",
            bundle([seal(determined, [FABRICATOR])]),
            "not-a-submission",
        ),
        ("declaration-twice", "Two declarations.", bundle([good, good]), "not-a-submission"),
        (
            "determination-twice",
            "Two determinations in one role.",
            submission(declared, determined, determined),
            "not-a-submission",
        ),
        (
            "determination-other",
            "A determination for another declaration.",
            submission(declared, other),
            "determination-not-linked",
        ),
        (
            "audience",
            "Addressed to another foundry.",
            submission(declaration(audience="packager")),
            "wrong-audience",
        ),
        (
            "early",
            "A second before its validity.",
            submission(declaration(validity=late)),
            "not-yet-valid",
        ),
        ("late", "A second after its validity.", submission(declaration(validity=over)), "expired"),
        (
            "designer-renamed",
            "The declared designer is not the signer.",
            submission(declaration(parties=renamed)),
            "party-mismatch",
        ),
        ("subject", "The subject is not the declared design.", submission(moved), "party-mismatch"),
    ]:
        yield Asked(f"binding-{vector_id}", about, raw, code, 6)
    yield Asked("binding-instant", "Valid at that very second.", pair({"validity": ends}), "PASS")


def signers() -> Iterator[Asked]:
    """Who may sign what: also step 6."""
    declared = declaration()
    good, determined = seal(declared, [DESIGNER]), determination(declared)
    osat = determination(declared, attester_role="osat")
    for vector_id, about, raw, code in [
        (
            "signers-of-two",
            "Two parties sign one declaration.",
            seal(declared, [DESIGNER, OSAT]),
            "party-mismatch",
        ),
        ("role", "A foundry declares.", seal(declared, [FABRICATOR]), "role-not-permitted"),
        (
            "role-osat",
            "A foundry determines as an OSAT.",
            bundle([good, seal(osat, [FABRICATOR])]),
            "role-not-permitted",
        ),
        (
            "role-exporter",
            "Another party determines in the foundry's own role.",
            bundle([good, seal(determined, [OSAT])]),
            "role-not-permitted",
        ),
    ]:
        yield Asked(f"binding-{vector_id}", about, raw, code, 6)
    packaged = bundle([good, seal(determined, [FABRICATOR]), seal(osat, [OSAT])])
    yield Asked("binding-osat", "Foundry and OSAT determine.", packaged, "PASS")


def past() -> Iterator[Asked]:
    name = digest(declaration())
    yield Asked(
        "superseded",
        "The signer has replaced the declaration.",
        GOOD,
        "superseded",
        6,
        prior=[("tianqiu", name)],
    )
    yield Asked(
        "superseded-by-other",
        "Another party says that it replaces it.",
        GOOD,
        "PASS",
        prior=[("packager", name)],
    )
    yield Asked("superseding", "It replaces another.", pair({"supersedes": name}), "PASS")


def no_submission() -> Iterator[tuple[str, str, bytes | Json, str]]:
    document = loads(GOOD)
    deep = b'{"a":' * 33 + b"1" + b"}" * 33
    for vector_id, about, raw, code in [
        ("empty", "No bytes.", b"", "json-malformed"),
        ("bom", "A byte-order mark.", b"\xef\xbb\xbf" + GOOD, "json-encoding"),
        ("tail", "Bytes after the document.", GOOD + b"{}", "json-malformed"),
        ("deep", "33 levels.", deep, "json-too-deep"),
        ("member-twice", "`v` twice.", GOOD[:-1] + b',"v":1}', "json-duplicate-key"),
        ("not-a-number", "NaN.", GOOD[:-2] + b"NaN}", "json-float"),
        ("list", "A list.", b"[]", "schema-violation"),
        ("none", "No envelopes.", canonical({**document, "envelopes": []}), "schema-violation"),
        (
            "nine",
            "Nine envelopes.",
            canonical({**document, "envelopes": document["envelopes"][:1] * 9}),
            "schema-violation",
        ),
        ("version", "Version 2.", canonical({**document, "v": 2}), "schema-violation"),
        (
            "member-new",
            "A member that submissions do not have.",
            canonical({**document, "w": 1}),
            "schema-violation",
        ),
    ]:
        yield f"no-submission-{vector_id}", about, raw, code
    room = limits.SUBMISSION_BYTES_MAX + 1 - len(GOOD)
    yield (
        "no-submission-too-large",
        "One byte over 1048576.",
        repeated(GOOD, b" ", room),
        "too-large",
    )
