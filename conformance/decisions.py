"""Suite decision: a submission, a trust snapshot, an instant and the past give one decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attest import limits
from attest.decision import Prior, decide
from attest.encoding import Json, digest, loads, parse_instant
from attest.envelope import seal
from attest.trust import load_trust
from conformance import distrust, mandates, papers, refusals
from conformance.binary import Documents
from conformance.papers import AT, DESIGNER, declaration, known
from conformance.questions import GOOD, Asked, pair
from conformance.vectors import Vector, accept, refuse

SUITE = "decision"


def vectors(documents: Documents) -> Iterator[Vector]:
    """All vectors of the suite."""
    bodies = [*papers.KEYSETS, papers.pack()]
    for raw in [papers.trust_document(), *bodies, GOOD, *mandates.shared()]:
        documents.share(raw)
    rows = [
        *_verdicts(),
        *_dates(),
        *refusals.step_3(),
        *refusals.step_4(),
        *refusals.step_6(),
        *refusals.signers(),
        *refusals.past(),
    ]
    for asked, given in [*((row, bodies) for row in rows), *mandates.asked()]:
        yield _decided(asked, documents, given)
    for vector_id, about, raw, code in refusals.no_submission():
        written = documents.write(raw) if isinstance(raw, bytes) else raw
        yield _vector(vector_id, about, written, documents, refuse(code))
    for vector_id, about, trust, given, code in (*distrust.bad_trust(), *mandates.bad_trust()):
        expect = refuse(code)
        yield _vector(vector_id, about, documents.write(GOOD), documents, expect, trust, given)


def _vector(
    vector_id: str,
    about: str,
    written: Json,
    documents: Documents,
    expect: Json,
    trust: bytes | None = None,
    given: Sequence[bytes] = (*papers.KEYSETS, papers.pack()),
) -> Vector:
    asked = {
        "do": "decide",
        "submission": written,
        "trust": documents.write(trust or papers.trust_document()),
        "documents": [documents.write(each) for each in given],
        "at": AT,
        "prior": [],
    }
    return Vector(SUITE, vector_id, about, asked, expect)


def _decided(asked: Asked, documents: Documents, bodies: Sequence[bytes]) -> Vector:
    """A vector whose outcome the author states, and whose payload the library gives."""
    trust = load_trust(asked.trust, {digest(raw): raw for raw in bodies})
    decided = decide(
        asked.raw, trust=trust, at=parse_instant(asked.at), prior=Prior(frozenset(asked.prior))
    )
    predicate = loads(decided.payload)["predicate"]
    refusal = predicate.get("refusal")
    if asked.expect != (decided.refusal_code or decided.verdict):
        raise ValueError(f"{asked.id}: {decided.refusal_code or decided.verdict}")
    if asked.step != (refusal["step"] if refusal else 0):
        raise ValueError(f"{asked.id}: {refusal}")
    found: dict[str, Json] = {"verdict": decided.verdict}
    if refusal is not None:
        found["refusal"] = refusal
    else:
        found["results"] = {each["rule"]: each["result"] for each in predicate["findings"]}
    documents.share(decided.payload)
    question = {
        "do": "decide",
        "submission": documents.write(asked.raw),
        "trust": documents.write(asked.trust),
        "documents": [documents.write(each) for each in bodies],
        "at": asked.at,
        "prior": [{"party": party, "declaration": name} for party, name in asked.prior],
    }
    expect = accept(**found, payload=digest(decided.payload))
    return Vector(SUITE, asked.id, asked.about, question, expect)


def _verdicts() -> Iterator[Asked]:
    def count(number: Json) -> Json:
        return {"aatc_transistors": number}

    far = papers.fabricator_package(site_country=known("CN"))
    many = known(30_000_000_000)
    yield Asked("pass", "Both ways are proven.", GOOD, "PASS")
    yield Asked(
        "pass-bare",
        "A bare envelope: nobody attests, so the presumption is open.",
        seal(declaration(), [DESIGNER]),
        "HOLD",
    )
    yield Asked("pass-one-way", "One way fails, the other is enough.", pair(**count(many)), "PASS")
    yield Asked("fail", "Both ways fail.", pair(**count(many), package=far), "FAIL")
    below = known(29_999_999_999)
    yield Asked("limit-below", "One below the limit.", pair(**count(below), package=far), "PASS")
    yield Asked(
        "count-unknown",
        "A way is unknown, the other fails.",
        pair(**count(papers.UNKNOWN), package=far),
        "HOLD",
    )
    yield Asked(
        "count-unknown-place-good",
        "A way is unknown, the other is proven.",
        pair(**count(papers.UNKNOWN)),
        "PASS",
    )
    nowhere = papers.fabricator_package(attester_packages=papers.UNKNOWN, site_country=known("CN"))
    yield Asked(
        "unknown-and-false",
        "Unknown and false is false.",
        pair(**count(many), package=nowhere),
        "FAIL",
    )
    planar = {"node_class": known("above-16/14"), "architecture": known("planar")}
    out = {"dies": papers.declared_die(**planar)}
    yield Asked("out-of-scope", "No die is applicable: nothing is presumed.", pair(out), "PASS")
    open_process = {"node_class": papers.UNKNOWN, "architecture": known("finfet")}
    yield Asked(
        "unknown-or-true",
        "Unknown or true is true.",
        pair({"dies": papers.declared_die(**open_process)}),
        "PASS",
    )
    dark = {"node_class": papers.UNKNOWN, "architecture": known("planar")}
    yield Asked(
        "scope-unknown",
        "Whether a die is applicable is unknown.",
        pair({"dies": papers.declared_die(**dark)}),
        "HOLD",
    )
    yield from _memories()


def _memories() -> Iterator[Asked]:
    def with_memories(*memories: Json) -> bytes:
        return pair({"package": papers.package_with(*memories)})

    slow, fast = papers.memory(known(1)), papers.memory(known(900_000), 2)
    yield Asked(
        "memory-slow",
        "A sum on its limit, of a memory that is not filtered.",
        with_memories(papers.memory(known(500_000), 2, "LPDDR5")),
        "PASS",
    )
    yield Asked(
        "memory-sum-over",
        "A sum over its limit.",
        with_memories(papers.memory(known(500_001), 2, "LPDDR5")),
        "HOLD",
    )
    yield Asked(
        "memory-quotient",
        "300002 / 3 is 100000: a quotient is truncated.",
        with_memories(papers.memory(known(300_002))),
        "PASS",
    )
    yield Asked(
        "memory-quotient-over",
        "300003 / 3 is 100001.",
        with_memories(papers.memory(known(300_003))),
        "HOLD",
    )
    yield Asked("memory-fast", "A sum over its limit, of HBM3.", with_memories(slow, fast), "HOLD")
    yield Asked(
        "memory-unknown",
        "An addend is unknown.",
        with_memories(papers.memory(papers.UNKNOWN)),
        "HOLD",
    )
    yield Asked(
        "memory-overflow",
        "A product beyond 64 bits is unknown.",
        with_memories(papers.memory(known(limits.INTEGER_MAX), 1_000_000, "LPDDR5")),
        "HOLD",
    )
    yield Asked(
        "memory-unknown-and-false",
        "Unknown and false is false: an unknown addend beside a false quotient.",
        with_memories(papers.memory(papers.UNKNOWN), fast),
        "HOLD",
    )


def _dates() -> Iterator[Asked]:
    limit = {
        "aatc_transistors": known(30_000_000_000),
        "package": papers.fabricator_package(site_country=known("CN")),
    }
    for vector_id, about, day, verdict in [
        ("completion-old-limit", "The last day of the old limit.", "2026-12-31", "FAIL"),
        ("completion-new-limit", "The first day of the new limit.", "2027-01-01", "PASS"),
        ("completion-400-days", "400 days after the decision.", "2027-12-29", "PASS"),
        ("completion-401-days", "401 days after the decision.", "2027-12-30", "FAIL"),
    ]:
        yield Asked(vector_id, about, pair({"planned_completion_date": day}, **limit), verdict)
    raw = pair({"planned_completion_date": "2026-12-31"}, **limit, completion_date="2027-01-01")
    yield Asked(
        "completion-determined", "The determined date counts, not the planned one.", raw, "PASS"
    )
    japan = pair(
        aatc_transistors=papers.UNKNOWN, package=papers.fabricator_package(site_country=known("JP"))
    )
    before, after = "2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z"
    yield Asked(
        "decision-day-before",
        "A second before a new list and a new rule: the rule is not in force.",
        japan,
        "HOLD",
        at=before,
    )
    yield Asked("decision-day", "The first second of the new list.", japan, "PASS", at=after)
    other = papers.trust_document(mode="bis_practice")
    yield Asked("mode", "Another mode.", GOOD, "FAIL", trust=other)
