"""Suite entry: the one spelling of an entry, and what it commits to."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from attest import limits
from attest.encoding import Json, encode_base64
from attest.log.entry import KINDS
from conformance.binary import repeated
from conformance.trees import small_log
from conformance.vectors import Vector, accept, refuse

SUITE = "entry"
LOG = small_log()
GENESIS, TRUST, DECISION = LOG.tree.items[0], LOG.tree.items[4], LOG.tree.items[6]
DIGEST = sha256(b"a body").hexdigest()
SALTED = {"submission", "decision", "review"}


def entry(
    *,
    commit: str = f"sha256:{DIGEST}",
    index: str = "9",
    kind: str = "policy",
    prev: str = "ab" * 32,
    refs: str = '{"trust":[4]}',
    salted: str | None = None,
    time: str = "2026-11-24T14:00:00Z",
    v: str = "1",
) -> bytes:
    """An entry spelt out; `salted` follows the kind."""
    salted = salted or ("true" if kind in SALTED else "false")
    return (
        f'{{"commit":"{commit}","index":{index},"kind":"{kind}","prev":"{prev}","refs":{refs},'
        f'"salted":{salted},"time":"{time}","v":{v}}}'
    ).encode()


def vectors() -> Iterator[Vector]:
    """All vectors of the suite."""
    for vector_id, about, raw, expect in _good():
        yield Vector(SUITE, vector_id, about, _read(encode_base64(raw)), expect)
    for vector_id, about, raw in [*_bad_spelling(), *_bad_meaning(), *_bad_refs()]:
        asked = _read(encode_base64(raw))
        yield Vector(SUITE, vector_id, about, asked, refuse("entry-malformed"))
    over = repeated(TRUST, b" ", limits.ENTRY_BYTES_MAX + 1 - len(TRUST))
    about = "One byte over 65535."
    yield Vector(SUITE, "too-large", about, _read(over), refuse("entry-malformed"))


def _read(raw: Json) -> Json:
    return {"do": "read-entry", "entry": raw}


def _good() -> Iterator[tuple[str, str, bytes, Json]]:
    nothing = "00" * 32
    yield (
        "genesis",
        "Entry 0.",
        entry(index="0", kind="genesis", prev=nothing, refs="{}"),
        _said(0, "genesis", prev=nothing, refs={}),
    )
    for kind in sorted(KINDS - {"genesis"}):
        yield f"kind-{kind}", f"A {kind}.", entry(kind=kind), _said(9, kind, refs={"trust": [4]})
    yield (
        "refs-many",
        "Kinds in order, indices ascending, up to the entry before.",
        entry(kind="trust", refs='{"keyset":[3,5,8],"pack":[2],"schema":[1]}'),
        _said(9, "trust", refs={"keyset": [3, 5, 8], "pack": [2], "schema": [1]}),
    )
    last = limits.LOG_ENTRIES_MAX - 1
    yield (
        "index-last",
        "The last index, 2^40 - 1.",
        entry(index=str(last)),
        _said(last, "policy", refs={"trust": [4]}),
    )
    leap = "2028-02-29T23:59:59Z"
    yield (
        "leap-day",
        "A leap day.",
        entry(time=leap),
        _said(9, "policy", refs={"trust": [4]}, time=leap),
    )


def _said(
    index: int,
    kind: str,
    *,
    refs: Json,
    prev: str = "ab" * 32,
    time: str = "2026-11-24T14:00:00Z",
) -> Json:
    return accept(
        index=index,
        kind=kind,
        time=time,
        prev=prev,
        commit=f"sha256:{DIGEST}",
        refs=refs,
        salted=kind in SALTED,
    )


def _bad_spelling() -> Iterator[tuple[str, str, bytes]]:
    good = entry()
    yield "blank", "A blank after a colon.", good.replace(b":", b": ", 1)
    yield "line-feed", "A line feed at the end.", good + b"\n"
    yield "member-order", "`index` before `commit`.", _moved(good)
    yield "member-missing", "No `salted`.", good.replace(b'"salted":false,', b"")
    yield "member-new", "A member that entries do not have.", good.replace(b"}", b',"w":1}', 2)
    yield "member-twice", "`v` twice.", good[:-1] + b',"v":1}'
    yield "escape", "A letter of the kind is escaped.", good.replace(b"policy", b"polic\\u0079")
    yield "version", "Version 2.", entry(v="2")
    yield "index-zero-led", "An index with a leading zero.", entry(index="09")
    yield "index-exponent", "An index with an exponent.", entry(index="9e0")
    yield "commit-upper", "Upper-case hex.", entry(commit=f"sha256:{DIGEST.upper()}")
    yield "commit-bare", "A digest without its algorithm.", entry(commit=DIGEST)
    yield "commit-sha-512", "Another algorithm.", entry(commit=f"sha512:{DIGEST}")
    yield "prev-short", "`prev` of 31 bytes.", entry(prev="ab" * 31)
    yield "time-offset", "A time with an offset.", entry(time="2026-11-24T14:00:00+00:00")
    yield "time-fraction", "A time with a fraction.", entry(time="2026-11-24T14:00:00.0Z")
    yield "empty", "No bytes.", b""
    yield "not-utf-8", "A byte that UTF-8 does not have.", good.replace(b"policy", b"polic\xff")


def _moved(raw: bytes) -> bytes:
    commit, _, rest = raw[1:].partition(b",")
    index, _, rest = rest.partition(b",")
    return b"{" + b",".join((index, commit, rest))


def _bad_meaning() -> Iterator[tuple[str, str, bytes]]:
    yield "kind-unknown", "A kind that is not known.", entry(kind="receipt")
    yield "index-over", "An index of 2^40.", entry(index=str(limits.LOG_ENTRIES_MAX))
    yield "salted-policy", "A policy that says it is salted.", entry(salted="true")
    yield (
        "plain-decision",
        "A decision that says it is not.",
        entry(kind="decision", salted="false"),
    )
    yield "genesis-later", "A genesis at 9.", entry(kind="genesis", refs="{}")
    nothing = "00" * 32
    yield "first-other", "Entry 0 is a policy.", entry(index="0", prev=nothing, refs="{}")
    yield (
        "first-with-prev",
        "Entry 0 names an entry before it.",
        entry(index="0", kind="genesis", refs="{}"),
    )
    yield "day-none", "The 30th of February.", entry(time="2026-02-30T14:00:00Z")
    yield "hour-24", "Hour 24.", entry(time="2026-11-24T24:00:00Z")
    yield "second-60", "A leap second.", entry(time="2026-12-31T23:59:60Z")


def _bad_refs() -> Iterator[tuple[str, str, bytes]]:
    for vector_id, about, refs in [
        ("own-index", "It rests on itself.", '{"trust":[9]}'),
        ("later", "It rests on a later entry.", '{"trust":[10]}'),
        ("descending", "Indices out of order.", '{"trust":[5,4]}'),
        ("repeated", "An index twice.", '{"trust":[4,4]}'),
        ("kinds-unsorted", "Kinds out of order.", '{"trust":[4],"pack":[2]}'),
        ("kind-twice", "A kind twice.", '{"trust":[3],"trust":[4]}'),
        ("kind-unknown", "A kind that is not known.", '{"receipt":[4]}'),
        ("list-empty", "A kind without entries.", '{"trust":[]}'),
        ("list-none", "A number in the place of a list.", '{"trust":4}'),
        ("index-zero-led", "An index with a leading zero.", '{"trust":[04]}'),
    ]:
        yield f"refs-{vector_id}", about, entry(refs=refs)
