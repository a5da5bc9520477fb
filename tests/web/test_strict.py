"""The verifier page accepts what the library accepts, and nothing wider."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest import limits
from attest.casefile import open_casefile
from attest.encoding import canonical, decode_base64, encode_base64, loads
from attest.envelope import KEYS_TRIED_MAX
from attest.log.entry import KINDS, SALTED_KINDS, parse_entry
from attest.log.merkle import Frontier, NodeId, leaf_hash, prove_inclusion
from tests.web.asking import accepted, answers
from tests.web.cases import Cases, changed, flipped
from tests.web.chromium import Page
from tests.web.conftest import Check

Case = tuple[str, ...]
FORM = "Case file is strict JSON of its form"


def test_bounds_and_kinds_are_those_of_the_library(page: Page) -> None:
    assert page.run("KINDS.split('|')") == sorted(KINDS)
    assert page.run("[...SALTED].sort()") == sorted(SALTED_KINDS)
    names = "[CASEFILE_BYTES, DOCUMENT_BYTES, KEYSET_BYTES, STRING_BYTES, DEPTH, KEYS_TRIED]"
    assert page.run(names) == [
        limits.CASEFILE_BYTES_MAX,
        limits.SUBMISSION_BYTES_MAX,
        limits.KEYSET_BYTES_MAX,
        limits.STRING_BYTES_MAX,
        limits.JSON_DEPTH_MAX,
        KEYS_TRIED_MAX,
    ]
    assert page.run("Number(LOG_ENTRIES)") == limits.LOG_ENTRIES_MAX


SAMPLES = [
    rb'{"a":1,"a":1}',
    rb'{"a":1,"\u0061":2}',
    rb'{"__proto__":{"a":1},"constructor":2}',
    rb'{"__proto__":1,"__proto__":2}',
    b"9007199254740991",
    b"9007199254740992",
    b"-9007199254740991",
    b"-9007199254740993",
    b"123456789012345678901234567890",
    b"1.0",
    b"1e3",
    b"-0",
    b"01",
    b"+1",
    b"-",
    b"NaN",
    b"Infinity",
    b"\xef\xbb\xbf{}",
    b"\xff",
    b"\xed\xa0\x80",
    rb'"\ud800"',
    rb'"\udc00\ud800"',
    rb'"\ud83d\ude00"',
    rb'"\u202e"',
    '"\u202e"'.encode(),
    '"\u200b"'.encode(),
    '"\u00ad"'.encode(),
    '"\U000e0041"'.encode(),
    b'"\x7f"',
    b'"\t"',
    rb'"\t"',
    rb'"\x41"',
    rb'"\u00zz"',
    rb'"\u12"',
    b'"' + b"\\" * 3 + b'"',
    b'"' + b"\\" * 4 + b'"',
    b"[1,]",
    b'{"a":1,}',
    b"{,}",
    b"[1 2]",
    b"{}{}",
    b"{} x",
    b" \t\r\n[ ]\n",
    b"\x0c[]",
    b"",
    b" ",
    b"tru",
    b"truex",
    b"nullnull",
    b"'a'",
    b"/**/1",
    b"[" * 32 + b"]" * 32,
    b"[" * 33 + b"]" * 33,
    b'{"a":' * 32 + b"1" + b"}" * 32,
    b'{"a":' * 33 + b"1" + b"}" * 33,
    b'"' + b"a" * 8192 + b'"',
    b'"' + b"a" * 8193 + b'"',
    b" " * 1024 * 1024 + b"1",
    b" " * (1024 * 1024 - 1) + b"1",
    ('"' + "é" * 4096 + '"').encode(),
    ('"' + "é" * 4097 + '"').encode(),
]
JSON_CALL = "(text) => strictJson(base64(text))"


def test_json_samples_are_read_alike(page: Page) -> None:
    """Duplicates, numbers, escapes, depth, lengths: the same yes, no and value."""
    given_ = [encode_base64(raw) for raw in SAMPLES if raw]
    for raw, found in zip(filter(None, SAMPLES), answers(page, JSON_CALL, given_), strict=True):
        assert found == accepted(loads, raw), raw


TEXT = st.text('aé\\"/\u200b\u0007 \n\U0001f600{}[]:,', max_size=6)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**55), 2**55) | st.floats(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON, or nearly: written in several ways, then perhaps with a piece cut out or put in."""
    text = json.dumps(
        draw(VALUE), ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.just(1))
    )
    start = draw(st.integers(0, len(text)))
    end = start + draw(st.sampled_from([0, 0, 0, 1, 2]))
    piece = draw(st.sampled_from(["", "", "", '"', "\\", ",", "}", "0", " ", '"a":1,', "\ufeff"]))
    return (text[:start] + piece + text[end:]).encode()


@given(st.lists(documents().filter(bool), min_size=20, max_size=60))
def test_json_is_read_alike(page: Page, raws: list[bytes]) -> None:
    found = answers(page, JSON_CALL, [encode_base64(raw) for raw in raws])
    assert found == [accepted(loads, raw) for raw in raws]


@given(st.lists(st.text("AQgwZ09+/-_= \n", min_size=1, max_size=9), min_size=20, max_size=200))
def test_base64_is_read_alike(page: Page, texts: list[str]) -> None:
    for url_safe in (False, True):
        call = f"(text) => Array.from(base64(text, {json.dumps(url_safe)}))"
        wanted = [accepted(decode_base64, text, url_safe=url_safe) for text in texts]
        assert answers(page, call, texts) == [each and [list(each[0])] for each in wanted]


ENTRY = (
    b'{"commit":"sha256:'
    + b"ab" * 32
    + b'","index":9,"kind":"decision","prev":"'
    + b"cd" * 32
    + b'","refs":{"pack":[1,2],"submission":[8],"trust":[3]},"salted":true,'
    b'"time":"2026-11-24T14:00:00Z","v":1}'
)
PIECES = [
    (b'"refs":{"pack":[1,2],', new)
    for new in (
        b'"refs":{',
        b'"refs":{"pack":[],',
        b'"refs":{"pack":[2,1],',
        b'"refs":{"pack":[1,1],',
        b'"refs":{"pack":[9],',
        b'"refs":{"pack":[01],',
        b'"refs":{"pack":[1],"pack":[2],',
        b'"refs":{"zebra":[1],',
        b'"refs":{"trust":[1],',
        b'"refs":{ "pack":[1],',
    )
] + [
    (b'"index":9', b'"index":0'),
    (b'"index":9', b'"index":09'),
    (b'"index":9', b'"index":1099511627775'),
    (b'"index":9', b'"index":1099511627776'),
    (b'"kind":"decision"', b'"kind":"trust"'),
    (b'"kind":"decision"', b'"kind":"genesis"'),
    (b'"salted":true', b'"salted":false'),
    (b"2026-11-24T14", b"2026-02-30T14"),
    (b"2026-11-24T14", b"2024-02-29T14"),
    (b"2026-11-24T14", b"2026-11-24T24"),
    (b"2026-11-24T14", b"0000-11-24T14"),
    (b"2026-11-24T14", b"9999-12-31T23"),
    (b"00Z", b"60Z"),
    (b'"v":1}', b'"v":1}\n'),
    (b'"v":1}', b'"v":2}'),
    (b"abab", b"ABab"),
    (b"{", b" {"),
    (b'"index":9,', b'"index":99999,'),
]


def bare_entry(index: int, kind: bytes) -> bytes:
    """An entry that rests on nothing and follows nothing."""
    return (
        b'{"commit":"sha256:%b","index":%d,"kind":"%b","prev":"%b","refs":{},"salted":false,'
        b'"time":"2026-11-24T14:00:00Z","v":1}' % (b"ab" * 32, index, kind, b"00" * 32)
    )


def long_entry(references: int) -> bytes:
    """A sound entry with so many references."""
    numbers = ",".join(map(str, range(references))).encode()
    return ENTRY.replace(b'"index":9,', b'"index":99999,').replace(b"[1,2]", b"[%b]" % numbers)


def test_entries_are_read_alike(page: Page) -> None:
    raws = [ENTRY, *(ENTRY.replace(before, after, 1) for before, after in PIECES)]
    fitting = next(n for n in range(13_000, 0, -1) if len(long_entry(n)) <= limits.ENTRY_BYTES_MAX)
    raws += [long_entry(fitting), long_entry(fitting + 1)]
    raws.append(ENTRY.replace(b'"pack":[1,2],"submission":[8]', b'"submission":[8],"pack":[1,2]'))
    raws += [bare_entry(index, kind) for index in (0, 1) for kind in (b"genesis", b"schema")]
    assert len(set(raws)) == len(raws)
    call = "(text) => String(readEntry(base64(text)).index)"
    wanted = [accepted(lambda raw: str(parse_entry(raw).index), raw) for raw in raws]
    assert answers(page, call, [encode_base64(raw) for raw in raws]) == wanted
    assert None in wanted
    assert ["9"] in wanted


def _proven(index: int, size: int) -> dict[str, Any]:
    """A leaf of a tree with its path to the root."""
    leaves = [leaf_hash(bytes((number,))) for number in range(size)]
    frontier, nodes = Frontier().extend(leaves)
    kept = {(level, at): value for level, at, value in nodes}

    def read(ids: Sequence[NodeId]) -> list[bytes]:
        return [kept[each] for each in ids]

    return {
        "index": index,
        "size": size,
        "leaf": encode_base64(leaves[index]),
        "path": [encode_base64(each) for each in prove_inclusion(index, size, read)],
        "root": encode_base64(frontier.root()),
    }


def test_inclusion_is_checked_as_in_the_library(page: Page) -> None:
    """Every leaf of every small tree; another leaf, path, place or size is refused."""
    call = """async ({ index, size, leaf, path, root }) => {
      const hashes = path.map((hash) => base64(hash));
      const proof = { entry: { index: BigInt(index) }, leaf: base64(leaf), path: hashes };
      return (await checkInclusion(proof, { size: BigInt(size), root: base64(root) })).length;
    }"""
    good: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    for size in range(1, 20):
        for index in range(size):
            one, path = _proven(index, size), _proven(index, size)["path"]
            leaf = encode_base64(flipped(decode_base64(one["leaf"])))
            good.append(one)
            bad += [one | {"leaf": leaf}, one | {"path": [*path, leaf]}, one | {"size": index}]
            bad += [one | {"index": index ^ 1}, one | {"path": path[1:]}] if path else []
    assert answers(page, call, good) == [[2]] * len(good)
    assert answers(page, call, bad) == [None] * len(bad)


VERIFY = """async (text) => {
  const can = { ed25519: true, mlDsa: true };
  const found = await verify({ bytes: base64(text), logKeys: %s, witnessKeys: "", can });
  return found.report.count(FAIL) === 0 && Boolean(found.decided);
}"""
PARTS = st.sampled_from(
    [
        (name, *path)
        for name in ("submission", "decision", "trust")
        for path in (("body",), ("proof", "entry"), ("proof", "tlog_proof"))
    ]
    + [("reviews", 1, "proof", "tlog_proof"), ("reviews", 0, "body"), ("keysets", 1), ("packs", 0)]
)


@given(
    PARTS,
    st.integers(0, 2**20),
    st.integers(0, 255),
    st.sampled_from(["put", "cut", "xor", "twice"]),
)
def test_a_changed_byte_is_refused_by_both(
    page: Page, cases: Cases, path: Case, place: int, byte: int, how: str
) -> None:
    def change(text: str) -> str:
        raw = decode_base64(text)
        at = place % len(raw)
        middle = {
            "put": bytes((byte,)) + raw[at : at + 1],
            "cut": b"",
            "twice": raw[at : at + 1] * 2,
        }
        return encode_base64(raw[:at] + middle.get(how, bytes((raw[at] ^ byte,))) + raw[at + 1 :])

    raw = changed(cases.good["reviewed"], *path, to=change)
    (found,) = answers(page, VERIFY % json.dumps(cases.keys), [encode_base64(raw)])
    opened = accepted(open_casefile, raw, log_keys=cases.log.keys)
    assert found == [opened is not None]


def malformed(good: bytes) -> dict[str, bytes]:
    """Files that are no case file of SPEC 1 and 15."""
    return {
        "a name twice": good[:-1] + b',"v":1}',
        "a number over 2^53": good[:-1] + b',"n":9007199254740993}',
        "a fraction": good[:-2] + b"1.0}",
        "cut off": good[: len(good) // 2],
        "an unknown member": good[:-1] + b',"x":1}',
        "another version": good[:-2] + b"2}",
        "something after it": good + b"{}",
        "a byte-order mark": b"\xef\xbb\xbf" + good,
        "a direction control": good[:-1] + ',"\u202e":1}'.encode(),
        "not UTF-8": good[:-1] + b',"\xff":1}',
        "no JSON": b"\x00" * 100,
        "an empty array": b"[]",
        "null": b"null",
        "bent base64": good.replace(b'"body":"', b'"body":"\\n', 1),
    }


@pytest.mark.parametrize("name", malformed(b"{}"))
def test_a_malformed_file_is_refused(cases: Cases, check: Check, name: str) -> None:
    raw = malformed(cases.good["pass"])[name]
    assert accepted(open_casefile, raw, log_keys=cases.log.keys) is None
    shown = check(raw)
    assert shown.word == "FAIL"
    assert shown.named("FAIL") <= {FORM, "Decision: body", "Submission: body"}
    assert (shown.decision, shown.declaration) == ("", "")


def test_a_spelling_that_is_not_canonical_is_allowed(cases: Cases, check: Check) -> None:
    """White space and the order of members do not count, as for the library."""
    document = json.loads(cases.good["pass"])
    raw = json.dumps(dict(reversed(document.items())), indent=2).encode()
    assert raw != canonical(document)
    assert accepted(open_casefile, raw, log_keys=cases.log.keys)
    assert check(raw).word == "PASS"


def test_a_large_file_is_read_or_refused_in_words(cases: Cases, check: Check) -> None:
    """10 MB of body that nothing commits to; and one byte over the limit."""
    large = changed(cases.good["pass"], "submission", "body", to=encode_base64(bytes(7_500_000)))
    assert len(large) > 10_000_000
    assert check(large).named("FAIL") == {"Submission: body"}
    shown = check(b"{" + b" " * limits.CASEFILE_BYTES_MAX)
    assert (shown.told, shown.all) == ("Choose a case file of up to 16 MiB first.", "")
