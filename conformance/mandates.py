"""Mandates for the suite decision: who has to sign, and whose certificates vouch for a key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from attest.encoding import Json, canonical, digest, encode_base64, format_instant, loads
from attest.envelope import bundle, seal
from attest.keys import ML_DSA_44
from conformance import papers
from conformance.distrust import Row
from conformance.issuers import END, NEXT, UNKNOWN, Issuer, der, mandate, name, root
from conformance.keys import StatementSigner
from conformance.papers import AT, DESIGNER, DESIGNER_TWO, FABRICATOR, declaration, determination
from conformance.questions import GOOD, Asked

SECOND: Final = dt.timedelta(seconds=1)
DESIGNER_PQ = StatementSigner("designer, post-quantum", ML_DSA_44)
AUDITOR = StatementSigner("auditor")
OWNER: Final = name("Tianqiu Design Inc.", "Lin Example", "TW")
ROOT: Final = root("Root")
ISSUER: Final = ROOT.issuer("Issuer")
LEAF: Final = ISSUER.leaf(DESIGNER, subject=OWNER)
LISTS: Final = (ROOT.crl(), ISSUER.crl())
MANDATE: Final = mandate(roots=[ROOT.certificate], crls=LISTS)
Case = tuple[Asked, Sequence[bytes]]
"""A question, and the documents that its snapshot names."""


def shared() -> Sequence[bytes]:
    """Documents that many of the vectors have, or nearly."""
    _, given = snapshot(MANDATE, LEAF, ISSUER.certificate)
    return given


def asked() -> Iterator[Case]:
    """Questions that are decided."""
    yield from _requirements()
    yield from _instants()


def bad_trust() -> Iterator[Row]:
    """Snapshots with a path, or a mandate, that does not hold."""
    yield from _bad_paths()
    yield from _bad_certificates()
    yield from _bad_lists()
    yield from _bad_mandates()


def snapshot(mandated: bytes | None, *path: x509.Certificate) -> tuple[bytes, Sequence[bytes]]:
    """A snapshot whose designer's key has a path, and the documents that it names."""
    first, *others = papers.KEYSETS
    changed = loads(first)
    records = changed["keys"]
    if path:
        records[0]["certificates"] = [encode_base64(der(each)) for each in path]
    records[0]["function"] = "engineer"
    records[1]["function"] = "officer"
    records.append(papers.key_record(DESIGNER_PQ))
    auditor = papers.keyset(
        "auditor", "Example Audit LLP", ["auditor"], papers.key_record(AUDITOR, holder="Ann")
    )
    keysets = [canonical(changed), *others, auditor]
    named = {} if mandated is None else {"mandate": digest(mandated)}
    trust = papers.trust_document(keysets=sorted(map(digest, keysets)), **named)
    mandates = [] if mandated is None else [mandated]
    return trust, [*keysets, papers.pack(), *mandates]


def _requirements() -> Iterator[Case]:
    def row(
        vector_id: str,
        about: str,
        expect: str,
        *signers: StatementSigner,
        since: str = AT,
        people: int = 1,
        **more: Json,
    ) -> Case:
        requirement = {"statement": "declaration", "from": since, "people": people, **more}
        trust, given = snapshot(mandate([requirement]))
        declared = declaration()
        raw = bundle([seal(declared, signers), seal(determination(declared), [FABRICATOR])])
        step = 0 if expect == "PASS" else 6
        return Asked(f"mandate-{vector_id}", about, raw, expect, step, trust=trust), given

    later = "2026-11-24T14:00:01Z"
    few, kind, function = "too-few-signers", "algorithm-missing", "function-missing"
    one, two, pq = DESIGNER, DESIGNER_TWO, DESIGNER_PQ
    both: Json = ["classical", "post-quantum"]
    roles: Json = ["officer", "engineer"]
    yield row("not-yet", "It holds from the next second on.", "PASS", one, since=later, people=2)
    yield row("people", "One person where two are asked for.", few, one, people=2)
    yield row("keys", "One person with two keys is one.", few, one, pq, people=2)
    yield row("people-good", "Two people.", "PASS", one, two, people=2)
    yield row("kinds", "No post-quantum signature.", kind, one, algorithms=both)
    yield row("kinds-apart", "Of each kind, by two people.", kind, two, pq, algorithms=both)
    yield row("kinds-good", "Both kinds, by one person.", "PASS", one, pq, algorithms=both)
    yield row(
        "kinds-count",
        "The second is of another kind.",
        kind,
        two,
        pq,
        people=2,
        algorithms=both[1:],
    )
    yield row("function", "No officer.", function, one, functions=roles[:1])
    yield row("functions", "One person for two functions.", function, one, functions=roles)
    yield row("functions-good", "An officer and an engineer.", "PASS", one, two, functions=roles)
    yield row("beside", "No auditor signed.", few, one, two, role="auditor")
    yield row("beside-good", "An auditor signed too.", "PASS", one, AUDITOR, role="auditor")
    yield row("beside-parties", "One party of two.", few, one, AUDITOR, role="auditor", parties=2)
    yield row(
        "beside-unasked",
        "Nobody asked the auditor.",
        "party-mismatch",
        one,
        AUDITOR,
        role="foundry",
    )


def _instants() -> Iterator[Case]:
    def row(
        vector_id: str,
        about: str,
        expect: str,
        at: dt.datetime | None = None,
        *,
        leaf: x509.Certificate = LEAF,
        crls: Sequence[x509.CertificateRevocationList] = LISTS,
    ) -> Case:
        trust, given = snapshot(
            mandate(roots=[ROOT.certificate], crls=crls), leaf, ISSUER.certificate
        )
        instant = AT if at is None else format_instant(at)
        return (
            Asked(
                f"path-{vector_id}",
                about,
                GOOD,
                expect,
                0 if expect == "PASS" else 3,
                at=instant,
                trust=trust,
            ),
            given,
        )

    noon = dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC)
    ended = ISSUER.leaf(DESIGNER, subject=OWNER, end=noon)
    begun = ISSUER.leaf(DESIGNER, subject=OWNER, start=noon)
    stale, invalid = "crl-stale", "certificate-not-valid-then"
    yield row("good", "An authority vouches for the key.", "PASS")
    yield row("first", "The first second of the certificate.", "PASS", leaf=begun)
    yield row("before", "A second earlier.", invalid, noon - SECOND, leaf=begun)
    yield row("last", "The last second of the certificate.", "PASS", leaf=ended)
    yield row("after", "A second later.", invalid, noon + SECOND, leaf=ended)
    yield row(
        "revoked",
        "The certificate is on the list.",
        "certificate-revoked",
        crls=(ROOT.crl(), ISSUER.crl(LEAF)),
    )
    revoked = (ROOT.crl(ISSUER.certificate), ISSUER.crl())
    yield row("issuer-revoked", "Its issuer is.", "certificate-revoked", crls=revoked)
    brief = (ROOT.crl(), ISSUER.crl(until=noon))
    yield row("list-last", "The last second of the list.", "PASS", crls=brief)
    yield row("list-stale", "A second later.", stale, noon + SECOND, crls=brief)
    fresh = (ROOT.crl(), ISSUER.crl(issued=noon))
    yield row("list-early", "A second before the list.", stale, noon - SECOND, crls=fresh)


def _row(
    vector_id: str,
    about: str,
    code: str,
    *path: x509.Certificate,
    mandated: bytes | None = MANDATE,
) -> Row:
    trust, given = snapshot(mandated, *path)
    return f"path-{vector_id}", about, trust, given, code


def _below(vector_id: str, about: str, code: str, issuer: Issuer) -> Row:
    """A leaf that is in order below an issuer that is not."""
    leaf = issuer.leaf(DESIGNER, subject=OWNER)
    mandated = mandate(roots=[ROOT.certificate], crls=[ROOT.crl(), issuer.crl()])
    return _row(vector_id, about, code, leaf, issuer.certificate, mandated=mandated)


def _bad_paths() -> Iterator[Row]:
    broken, intermediate = "path-invalid", ISSUER.certificate
    other = root("Other")
    namesake = ROOT.issuer("Issuer", key=other.key)
    yield _row("no-mandate", "Nobody is trusted.", broken, LEAF, intermediate, mandated=None)
    yield _row("no-roots", "No root is trusted.", broken, LEAF, intermediate, mandated=mandate())
    yield _row(
        "other-root",
        "Another root.",
        broken,
        LEAF,
        intermediate,
        mandated=mandate(roots=[other.certificate], crls=[*LISTS, other.crl()]),
    )
    yield _row("gap", "The issuer is left out.", broken, LEAF)
    yield _row(
        "with-root", "The root stands in the path.", broken, LEAF, intermediate, ROOT.certificate
    )
    forged = namesake.leaf(DESIGNER, subject=OWNER)
    yield _row("other-issuer", "Signed by another key of that name.", broken, forged, intermediate)
    yield _below(
        "no-authority", "The issuer is none.", broken, ROOT.issuer("Issuer", authority=False)
    )
    yield _below(
        "no-cert-sign", "It may not issue.", broken, ROOT.issuer("Issuer", uses=["crl_sign"])
    )
    second = ISSUER.issuer("Second")
    leaf = second.leaf(DESIGNER, subject=OWNER)
    yield _row(
        "too-long",
        "Below an issuer of path length 0.",
        broken,
        leaf,
        second.certificate,
        intermediate,
    )
    constraint = x509.NameConstraints([x509.DNSName("other.example")], None)
    bound = ROOT.issuer("Issuer", (constraint, True))
    site = x509.SubjectAlternativeName([x509.DNSName("tianqiu.example")])
    leaf = bound.leaf(DESIGNER, (site, False), subject=OWNER)
    yield _row(
        "name-constraint",
        "A name that its issuer may not certify.",
        broken,
        leaf,
        bound.certificate,
    )
    never = ISSUER.leaf(DESIGNER, subject=OWNER, start=END + SECOND, end=END + SECOND)
    yield _row("never", "Never valid together.", "certificate-not-valid-then", never, intermediate)


def _bad_certificates() -> Iterator[Row]:
    mismatch, unfit = "certificate-mismatch", "certificate-unfit"
    intermediate = ISSUER.certificate
    other_key = ISSUER.leaf(DESIGNER_TWO, subject=OWNER)
    yield _row("other-key", "Of another key.", mismatch, other_key, intermediate)
    numbers: dict[str, Any] = {"SERIAL_NUMBER": "12345678"}
    for vector_id, about, subject in (
        ("organisation", "Another organisation.", name("Other Inc.", "Lin Example", "TW")),
        ("country", "Another country.", name("Tianqiu Design Inc.", "Lin Example", "US")),
        ("holder", "Another person.", name("Tianqiu Design Inc.", "Mei Example", "TW")),
        (
            "number",
            "A number that the party does not have.",
            name("Tianqiu Design Inc.", "Lin Example", "TW", **numbers),
        ),
    ):
        leaf = ISSUER.leaf(DESIGNER, subject=subject)
        yield _row(vector_id, about, mismatch, leaf, intermediate)
    odd: list[tuple[str, str, Any]] = [
        ("weak", "Signed with SHA-224.", {"digest": hashes.SHA224()}),
        ("use", "Not for signatures.", {"uses": ["key_agreement"]}),
        ("authority", "An authority's.", {"uses": ["digital_signature", "key_cert_sign"]}),
    ]
    for vector_id, about, changes in odd:
        leaf = ISSUER.leaf(DESIGNER, subject=OWNER, **changes)
        yield _row(vector_id, about, unfit, leaf, intermediate)
    purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.2")])
    for vector_id, about, extension in (
        ("critical", "A critical extension that is not known.", (UNKNOWN, True)),
        ("purpose", "For TLS clients alone.", (purpose, False)),
    ):
        leaf = ISSUER.leaf(DESIGNER, extension, subject=OWNER)
        yield _row(vector_id, about, unfit, leaf, intermediate)
    directory = x509.NameConstraints([x509.DirectoryName(OWNER)], None)
    for vector_id, about, narrowed in (
        ("issuer-critical", "The issuer's is not known.", (UNKNOWN, True)),
        ("directory", "A constraint of directory names.", (directory, True)),
        ("policy", "Policies are constrained.", (x509.PolicyConstraints(0, None), False)),
    ):
        yield _below(vector_id, about, unfit, ROOT.issuer("Issuer", narrowed))
    padded = snapshot(MANDATE, LEAF, intermediate)
    yield "path-no-certificate", "The bytes are no certificate.", *_spoilt(*padded)


def _spoilt(trust: bytes, given: Sequence[bytes]) -> tuple[bytes, Sequence[bytes], str]:
    """The snapshot with a byte after the designer's certificate."""
    first, *others = given
    document = loads(first)
    document["keys"][0]["certificates"][0] = encode_base64(der(LEAF) + b"\0")
    changed = canonical(document)
    names = sorted({*loads(trust)["keysets"]} - {digest(first)} | {digest(changed)})
    spoilt = canonical({**loads(trust), "keysets": names})
    return spoilt, [changed, *others], "certificate-malformed"


def _bad_lists() -> Iterator[Row]:
    missing, invalid = "crl-missing", "crl-invalid"
    indirect = x509.DeltaCRLIndicator(1)
    namesake = root("Root", key=root("Other").key)
    for vector_id, about, crls, code in (
        ("list-none", "There is no list.", (), missing),
        ("list-one", "The root has none.", (ISSUER.crl(),), missing),
        (
            "list-namesake",
            "Signed by another key of that name.",
            (namesake.crl(), ISSUER.crl()),
            invalid,
        ),
        (
            "list-two",
            "Two lists of one issuer.",
            (*LISTS, ISSUER.crl(until=NEXT + SECOND)),
            invalid,
        ),
        (
            "list-delta",
            "Only what changed.",
            (ROOT.crl(), ISSUER.crl(extensions=[(indirect, True)])),
            invalid,
        ),
        (
            "list-critical",
            "An extension that is not known.",
            (ROOT.crl(), ISSUER.crl(extensions=[(UNKNOWN, True)])),
            invalid,
        ),
    ):
        mandated = mandate(roots=[ROOT.certificate], crls=crls)
        yield _row(vector_id, about, code, LEAF, ISSUER.certificate, mandated=mandated)
    mute = ROOT.issuer("Issuer", uses=["key_cert_sign"])
    yield _below("list-not-allowed", "The issuer may sign no lists.", invalid, mute)


def _bad_mandates() -> Iterator[Row]:
    trust, given = snapshot(MANDATE)
    yield "mandate-missing", "The mandate is missing.", trust, given[:-1], "trust-incomplete"
    review: dict[str, Json] = {"statement": "review", "from": AT, "people": 2}
    alone: dict[str, Json] = {**review, "statement": "declaration", "parties": 2}
    for vector_id, about, requirement in (
        ("role", "Reviews are by the foundry.", {**review, "role": "foundry"}),
        ("parties", "A declaration is by one party.", alone),
        ("nobody", "Nobody has to sign.", {**review, "people": 0}),
        ("decision", "Decisions are not subject to it.", {**review, "statement": "decision"}),
    ):
        trust, given = snapshot(mandate([requirement]))
        yield f"mandate-bad-{vector_id}", about, trust, given, "schema-violation"
    weak = root("Root", digest=hashes.SHA224())
    trust, given = snapshot(mandate(roots=[weak.certificate]))
    yield "mandate-weak-root", "A root signed with SHA-224.", trust, given, "certificate-unfit"
