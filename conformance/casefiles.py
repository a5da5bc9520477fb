"""Suite casefile: whole case files, good ones and ones that somebody has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attest.decision import Prior
from attest.encoding import Json, canonical, decode_base64, digest, encode_base64, loads
from attest.envelope import seal
from conformance import faults, papers
from conformance.binary import Documents
from conformance.books import TRUST, Book, found, record
from conformance.faults import HELD, Make, Row
from conformance.keys import LOG, OTHER_LOG
from conformance.papers import DESIGNER, declaration
from conformance.questions import GOOD
from conformance.trees import Log
from conformance.vectors import Vector, accept, refuse

SUITE = "casefile"
LIMIT = 2**24
NAME = digest(declaration())


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    log = found()
    base, reviewed = record(log, GOOD), _reviewed(log)
    rows = [
        *_good(log, base, reviewed),
        *_tampered_bodies(log, base),
        *_tampered(base),
        *_tampered_documents(base),
        *faults.rows(log),
    ]
    for book in (base, reviewed):
        documents.share(book.case())
    keys = documents.write_lines(LOG.vkeys)
    for vector_id, about, make, expect in rows:
        asked = {"do": "open-casefile", "casefile": documents.write(make()), "log": keys}
        yield Vector(SUITE, vector_id, about, asked, expect)
    keys = documents.write_lines(OTHER_LOG.vkeys)
    asked = {"do": "open-casefile", "casefile": documents.write(base.case()), "log": keys}
    about = "Opened with the keys of another log."
    yield Vector(SUITE, "other-keys", about, asked, refuse("checkpoint-origin"))


def _reviewed(log: Log) -> Book:
    book = record(log, HELD)
    subject = loads(book.payload)["subject"]
    for action in ("ask", "release"):
        book.add_review(papers.review(book.payload, subject, action=action))
    return book


def _read(book: Book) -> Json:
    return loads(book.case(), bytes_max=LIMIT, string_bytes_max=LIMIT)


def _said(
    raw: bytes, verdict: str, reviews: list[str] | None = None, *, unchecked: bool = False
) -> Json:
    return accept(
        verdict=verdict,
        submission=digest(raw),
        reviews=reviews or [],
        superseded_unchecked=unchecked,
    )


def _good(log: Log, base: Book, reviewed: Book) -> Iterator[Row]:
    yield "pass", "A PASS.", base.case, _said(GOOD, "PASS")
    yield "hold", "A HOLD that nobody has reviewed.", record(log, HELD).case, _said(HELD, "HOLD")
    yield (
        "reviewed",
        "A HOLD, asked about, then released.",
        reviewed.case,
        _said(HELD, "HOLD", ["ask", "release"]),
    )
    refused = seal(declaration(audience="packager"), [DESIGNER])
    yield "refusal", "A refusal.", record(log, refused).case, _said(refused, "FAIL")
    replaced = record(log, GOOD, prior=Prior({("tianqiu", NAME)})).case
    about = "A refusal for supersession, which only the whole log can show."
    yield "superseded", about, replaced, _said(GOOD, "FAIL", unchecked=True)
    about, held = "Blanks around the document.", _said(GOOD, "PASS")
    yield "spaced", about, lambda: b" " + base.case() + b"\n", held

    def two_sizes() -> bytes:
        document = _read(base)
        document["trust"]["proof"] = log.proof(TRUST, TRUST + 1)
        return canonical(document)

    yield "two-sizes", "The trust is proven at an earlier size than the rest.", two_sizes, held


def _changed(base: Book, change: Callable[[Json], object]) -> Make:
    """Makes a case file in which something was changed afterwards."""

    def make() -> bytes:
        document = _read(base)
        change(document)
        return canonical(document)

    return make


def _tampered_bodies(log: Log, base: Book) -> Iterator[Row]:
    other = record(log, HELD)
    mode = papers.trust_document(mode="bis_practice")
    for vector_id, about, member, body in [
        ("submission-body", "Another submission.", "submission", HELD),
        ("decision-body", "Another decision.", "decision", log.bodies[other.decision]),
        ("trust-body", "Another trust.", "trust", mode),
    ]:
        make = _changed(base, _with_body(member, body))
        yield f"tampered-{vector_id}", about, make, refuse("commitment-mismatch")


def _with_body(member: str, body: bytes) -> Callable[[Json], object]:
    return lambda document: document[member].update(body=encode_base64(body))


def _tampered(base: Book) -> Iterator[Row]:
    def changed(change: Callable[[Json], object]) -> Make:
        return _changed(base, change)

    for vector_id, about, make, code in [
        (
            "salt",
            "Another salt.",
            changed(lambda d: _move(d, "salt")),
            "commitment-mismatch",
        ),
        (
            "salt-gone",
            "The salt is missing.",
            changed(lambda d: d["submission"]["proof"].pop("salt")),
            "schema-violation",
        ),
        (
            "entry",
            "The entry of the decision for that of the submission.",
            changed(lambda d: _move(d, "entry")),
            "proof-invalid",
        ),
        (
            "members-swapped",
            "Submission and decision have changed places.",
            changed(lambda d: d.update(submission=d["decision"], decision=d["submission"])),
            "reference-broken",
        ),
        (
            "base64",
            "A body that is not base64.",
            changed(lambda d: d["submission"].update(body="AAAA=")),
            "base64",
        ),
        (
            "member",
            "A member that case files do not have.",
            changed(lambda d: d.update(note="x")),
            "schema-violation",
        ),
        ("version", "Version 2.", changed(lambda d: d.update(v=2)), "schema-violation"),
        ("cut", "The end is missing.", lambda: base.case()[:-1], "json-malformed"),
        (
            "checkpoint",
            "The size of a checkpoint was changed.",
            changed(_resize),
            "checkpoint-signature",
        ),
    ]:
        yield f"tampered-{vector_id}", about, make, refuse(code)


def _tampered_documents(base: Book) -> Iterator[Row]:
    for vector_id, about, change in [
        ("keyset-gone", "A keyset is missing.", lambda d: d["keysets"].pop()),
        ("pack-gone", "The pack is missing.", lambda d: d["packs"].clear()),
        ("pack-other", "Another pack.", lambda d: d.update(packs=[_OTHER_PACK])),
        ("lists", "The pack stands among the keysets, a keyset among the packs.", _swap_lists),
    ]:
        yield f"tampered-{vector_id}", about, _changed(base, change), refuse("trust-incomplete")


_OTHER_PACK = encode_base64(papers.pack() + b" ")


def _move(document: Json, member: str) -> None:
    """Give a member of the decision's proof to that of the submission."""
    document["submission"]["proof"][member] = document["decision"]["proof"][member]


def _swap_lists(document: Json) -> None:
    document["keysets"][0], document["packs"][0] = document["packs"][0], document["keysets"][0]


def _resize(document: Json) -> None:
    """Change the size in the checkpoint of a proof."""
    proof = document["trust"]["proof"]
    head, gap, tail = decode_base64(proof["tlog_proof"]).partition(LOG.name.encode() + b"\n")
    proof["tlog_proof"] = encode_base64(head + gap + b"1" + tail)
