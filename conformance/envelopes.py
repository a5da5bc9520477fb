"""Suite envelope: DSSE envelopes under keysets, at an instant, for a purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attest.encoding import Json, canonical, decode_base64, digest, encode_base64, loads
from attest.envelope import pae, seal
from attest.keys import ALGORITHMS, P256_ORDER
from attest.models import IN_TOTO_PAYLOAD
from conformance import papers
from conformance.binary import Documents
from conformance.keys import StatementSigner
from conformance.papers import DECIDER, DESIGNER, DESIGNER_TWO, FABRICATOR, STRANGER, VALID
from conformance.vectors import Vector, accept, refuse

SUITE = "envelope"
PAYLOAD = b'{"a":"statement"}'
GOOD = loads(seal(PAYLOAD, [DESIGNER]))
ED25519 = loads(seal(PAYLOAD, [FABRICATOR]))


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    for vector_id, about, document, signers in _good():
        expect = accept(
            payload=digest(PAYLOAD),
            signers=[{"party": party, "keyid": key.keyid} for party, key in signers],
        )
        yield _vector(vector_id, about, canonical(document), expect, documents)
    for vector_id, about, document, code in [*_bad_signatures(), *_bad_spelling()]:
        yield _vector(vector_id, about, canonical(document), refuse(code), documents)
    yield from _instants(documents)
    yield from _purposes(documents)
    yield from _algorithms(documents)
    for vector_id, about, keysets, code in _bad_keysets():
        raw = canonical(GOOD)
        expect = refuse(code)
        yield _vector(f"keyset-{vector_id}", about, raw, expect, documents, keysets=keysets)
    for vector_id, about, raw, code in [
        ("empty", "No bytes.", b"", "json-malformed"),
        (
            "twice",
            "A member twice.",
            canonical(GOOD)[:-1] + b',"payload":"AAAA"}',
            "json-duplicate-key",
        ),
        ("bom", "A byte-order mark.", b"\xef\xbb\xbf" + canonical(GOOD), "json-encoding"),
    ]:
        yield _vector(f"json-{vector_id}", about, raw, refuse(code), documents)


def _vector(
    vector_id: str,
    about: str,
    raw: bytes,
    expect: Json,
    documents: Documents,
    *,
    at: str = papers.AT,
    purpose: str = "statement",
    keysets: Sequence[bytes] = papers.KEYSETS,
    require: Sequence[str] = (),
) -> Vector:
    asked = {
        "do": "open-envelope",
        "envelope": encode_base64(raw),
        "keysets": [documents.write(each) for each in keysets],
        "at": at,
        "purpose": purpose,
        "require": list(require),
    }
    return Vector(SUITE, vector_id, about, asked, expect)


def _with(signature: Json, document: Json = GOOD, **changes: Json) -> Json:
    """An envelope whose one signature has changed members."""
    return {**document, "signatures": [{**document["signatures"][0], **signature}], **changes}


def _good() -> Iterator[tuple[str, str, Json, list[tuple[str, StatementSigner]]]]:
    designer, fabricator = ("tianqiu", DESIGNER), ("formosa", FABRICATOR)
    yield "ecdsa", "One ECDSA P-256 signature.", GOOD, [designer]
    yield "ed25519", "One Ed25519 signature.", ED25519, [fabricator]
    both = loads(seal(PAYLOAD, [FABRICATOR, DESIGNER]))
    yield "two", "Two signatures; the order is that of the envelope.", both, [fabricator, designer]
    bare = {**GOOD, "signatures": [{"sig": GOOD["signatures"][0]["sig"]}]}
    yield "no-hint", "No key hint: every key is tried.", bare, [designer]
    sig = GOOD["signatures"][0]["sig"].translate(str.maketrans("+/", "-_"))
    payload = GOOD["payload"].translate(str.maketrans("+/", "-_"))
    yield "url-safe", "The URL-safe alphabet.", _with({"sig": sig}, payload=payload), [designer]


def _bad_signatures() -> Iterator[tuple[str, str, Json, str]]:
    raw = DESIGNER.sign(pae(IN_TOTO_PAYLOAD, PAYLOAD))
    r, s = raw[:32], int.from_bytes(raw[32:], "big")
    high = r + (P256_ORDER - s).to_bytes(32, "big")

    def signed(signature: bytes, document: Json = GOOD) -> Json:
        return _with({"sig": encode_base64(signature)}, document)

    edwards = FABRICATOR.sign(pae(IN_TOTO_PAYLOAD, PAYLOAD))
    for vector_id, about, document in [
        ("flipped", "A bit of the signature.", signed(bytes((raw[0] ^ 1,)) + raw[1:])),
        ("high-s", "The other S of ECDSA, which anybody can compute.", signed(high)),
        ("s-zero", "S is 0.", signed(r + bytes(32))),
        ("r-zero", "R is 0.", signed(bytes(32) + raw[32:])),
        (
            "s-order",
            "S plus the order does not fit: S is the order.",
            signed(r + P256_ORDER.to_bytes(32, "big")),
        ),
        ("short", "63 bytes.", signed(raw[:-1])),
        ("long", "65 bytes.", signed(raw + b"\0")),
        ("der", "DER in the place of two numbers.", signed(_der(raw))),
        ("payload", "The payload was changed.", {**GOOD, "payload": encode_base64(PAYLOAD + b" ")}),
        ("bare-payload", "Signed without type and lengths.", signed(DESIGNER.sign(PAYLOAD))),
        (
            "hint-of-other",
            "The hint names another enrolled key.",
            _with({"keyid": FABRICATOR.keyid}),
        ),
        (
            "ed25519-flipped",
            "A bit of S of Ed25519.",
            signed(edwards[:-1] + bytes((edwards[-1] ^ 1,)), ED25519),
        ),
        (
            "second-false",
            "A false signature after a true one.",
            {
                **GOOD,
                "signatures": [
                    *GOOD["signatures"],
                    {"keyid": FABRICATOR.keyid, "sig": encode_base64(bytes(64))},
                ],
            },
        ),
    ]:
        yield f"signature-{vector_id}", about, document, "bad-signature"
    stranger = loads(seal(PAYLOAD, [STRANGER]))
    yield "unknown-key", "A stranger's key.", stranger, "unknown-key"
    yield (
        "unknown-hint",
        "A hint that names no key, over a true signature.",
        _with({"keyid": "mine"}),
        "unknown-key",
    )
    beside = {**GOOD, "signatures": [*GOOD["signatures"], *stranger["signatures"]]}
    yield "unknown-beside", "A stranger's signature after a true one.", beside, "unknown-key"
    twice = {**GOOD, "signatures": GOOD["signatures"] * 2}
    yield "repeated", "The same signature twice.", twice, "signature-repeated"


def _der(raw: bytes) -> bytes:
    def number(value: bytes) -> bytes:
        value = value.lstrip(b"\0")
        value = b"\0" * (value[0] >> 7) + value
        return bytes((2, len(value))) + value

    body = number(raw[:32]) + number(raw[32:])
    return bytes((0x30, len(body))) + body


def _bad_spelling() -> Iterator[tuple[str, str, Json, str]]:
    yield (
        "payload-type",
        "Another payload type.",
        {**GOOD, "payloadType": "application/json"},
        "payload-type",
    )
    loose = encode_base64(PAYLOAD)
    loose = loose[:-2] + chr(ord(loose[-2]) + 1) + "="
    yield "base64-loose", "Bits set that padding drops.", {**GOOD, "payload": loose}, "base64"
    unpadded = encode_base64(PAYLOAD).rstrip("=")
    yield "base64-unpadded", "No padding.", {**GOOD, "payload": unpadded}, "base64"
    yield (
        "base64-mixed",
        "Both alphabets.",
        _with({"sig": "+-" + GOOD["signatures"][0]["sig"][2:]}),
        "base64",
    )
    for vector_id, about, document in [
        (
            "blank",
            "A blank in the payload.",
            {**GOOD, "payload": GOOD["payload"][:4] + " " + GOOD["payload"][4:]},
        ),
        ("none", "No signatures.", {**GOOD, "signatures": []}),
        ("many", "17 signatures.", {**GOOD, "signatures": GOOD["signatures"] * 17}),
        ("member", "A member that envelopes do not have.", {**GOOD, "x": 1}),
        (
            "member-missing",
            "No payload type.",
            {name: GOOD[name] for name in ("payload", "signatures")},
        ),
        ("certificate", "A member that signatures do not have.", _with({"cert": "AAAA"})),
        ("list", "A list.", [GOOD]),
    ]:
        yield f"schema-{vector_id}", about, document, "schema-violation"


def _instants(documents: Documents) -> Iterator[Vector]:
    signers = [{"party": "tianqiu", "keyid": DESIGNER.keyid}]
    held = accept(payload=digest(PAYLOAD), signers=signers)
    early, late = refuse("key-not-valid-then"), refuse("key-not-valid-then")
    for vector_id, about, at, expect in [
        ("first", "The first second of the key.", VALID[0], held),
        ("before", "The second before it.", "2025-12-31T23:59:59Z", early),
        ("last", "The last second of the key.", VALID[1], held),
        ("after", "The second after it.", "2027-01-01T00:00:00Z", late),
    ]:
        yield _vector(f"instant-{vector_id}", about, canonical(GOOD), expect, documents, at=at)


def _purposes(documents: Documents) -> Iterator[Vector]:
    decision = seal(PAYLOAD, [DECIDER])
    signers = [{"party": "formosa", "keyid": DECIDER.keyid}]
    held = accept(payload=digest(PAYLOAD), signers=signers)
    for vector_id, about, raw, purpose, expect in [
        ("decision", "A decision key for a decision.", decision, "decision", held),
        ("other", "A decision key for a review.", decision, "review", refuse("key-purpose")),
        (
            "statement",
            "A statement key for a decision.",
            canonical(GOOD),
            "decision",
            refuse("key-purpose"),
        ),
    ]:
        yield _vector(f"purpose-{vector_id}", about, raw, expect, documents, purpose=purpose)


def _algorithms(documents: Documents) -> Iterator[Vector]:
    """One person with a key of each algorithm, and another with one key."""
    keys = [StatementSigner(f"hybrid {each}", each) for each in ALGORITHMS]
    ed25519, p256, p384, ml_dsa_44, ml_dsa_65 = keys
    other = StatementSigner("hybrid, another person")
    records = [*map(papers.key_record, keys), papers.key_record(other, holder="Mei Example")]
    keyset = papers.keyset("tianqiu", "Tianqiu Design Inc.", ["designer"], *records)

    def vector(
        vector_id: str,
        about: str,
        signers: Sequence[StatementSigner],
        require: Sequence[str] = (),
        *,
        code: str = "",
        change: Callable[[Json], object] = lambda document: document,
    ) -> Vector:
        document = loads(seal(PAYLOAD, signers))
        change(document)
        named = [{"party": "tianqiu", "keyid": key.keyid} for key in signers]
        expect = refuse(code) if code else accept(payload=digest(PAYLOAD), signers=named)
        raw = canonical(document)
        return _vector(vector_id, about, raw, expect, documents, keysets=[keyset], require=require)

    def flip(document: Json) -> None:
        (signature,) = document["signatures"]
        raw = decode_base64(signature["sig"])
        signature["sig"] = encode_base64(raw[:99] + bytes((raw[99] ^ 1,)) + raw[100:])

    def shorten(document: Json) -> None:
        (signature,) = document["signatures"]
        signature["sig"] = encode_base64(decode_base64(signature["sig"])[:-1])

    both, old, new = ("classical", "post-quantum"), "classical", "post-quantum"
    documents.share(keyset)
    for key in (p384, ml_dsa_44, ml_dsa_65):
        yield vector(f"algorithm-{key.algorithm}", f"One {key.algorithm} signature.", [key])
    for key in (ml_dsa_44, ml_dsa_65):
        for name, change in (("flipped", flip), ("short", shorten)):
            about = f"An {key.algorithm} signature, {name}."
            vector_id = f"algorithm-{key.algorithm}-{name}"
            yield vector(vector_id, about, [key], code="bad-signature", change=change)
    yield vector("hybrid", "One person signed with both kinds of key.", [ed25519, ml_dsa_65], both)
    missing = "algorithm-missing"
    yield vector("hybrid-no-pq", "No ML-DSA signature.", [p256], both, code=missing)
    yield vector("hybrid-no-classical", "Only ML-DSA.", [ml_dsa_44], both, code=missing)
    yield vector("hybrid-pq-alone", "Only ML-DSA is asked for.", [ml_dsa_44], [new])
    yield vector("hybrid-classical-alone", "Only the other kind is asked for.", [p384], [old])
    about = "Of two people one signed with one kind of key."
    yield vector("hybrid-two-people", about, [ed25519, ml_dsa_44, other], both, code=missing)


def _bad_keysets() -> Iterator[tuple[str, str, Sequence[bytes], str]]:
    def of(**changes: Json) -> list[bytes]:
        return [_designer({**papers.key_record(DESIGNER), **changes})]

    spki = DESIGNER.public.spki
    small = FABRICATOR.public.spki[:12] + b"\1" + bytes(31)
    yield "keyid", "An identifier of another key.", of(keyid=DESIGNER_TWO.keyid), "trust-incomplete"
    backwards = of(valid_from=VALID[1], valid_until=VALID[0])
    yield "validity", "Valid on no day.", backwards, "trust-incomplete"
    again = papers.keyset("other", "Other Inc.", ["designer"], papers.key_record(DESIGNER))
    shared = [*papers.KEYSETS, again]
    yield "shared", "One key for two parties.", shared, "trust-incomplete"
    for reason in ("superseded", "retired", "withdrawn", "compromised"):
        suspect = {"suspect_from": VALID[0]} if reason == "compromised" else {}
        revoked = of(revoked={"reason": reason, "at": VALID[1], **suspect})
        about = f"A key that is revoked, {reason}, whatever the day."
        yield f"revoked-{reason}", about, revoked, "key-revoked"
    other = of(algorithm="ed25519")
    yield "algorithm", "An ECDSA key that is called Ed25519.", other, "key-malformed"
    yield "key", "Not a key.", of(public_key=encode_base64(spki[:-1])), "key-malformed"
    yield (
        "key-tail",
        "A byte after the key.",
        of(public_key=encode_base64(spki + b"\0")),
        "key-malformed",
    )
    weak = of(algorithm="ed25519", public_key=encode_base64(small), keyid=digest(small))
    yield "small-order", "The neutral element for a key.", weak, "key-malformed"
    yield "purpose", "A purpose that is not known.", of(purpose="any"), "schema-violation"
    yield (
        "unknown-algorithm",
        "An algorithm that is not known.",
        of(algorithm="rsa"),
        "schema-violation",
    )
    yield (
        "role",
        "A role that is not known.",
        [papers.keyset("tianqiu", "T", ["king"], papers.key_record(DESIGNER))],
        "schema-violation",
    )


def _designer(record: dict[str, Json]) -> bytes:
    return papers.keyset("tianqiu", "Tianqiu Design Inc.", ["designer"], record)
