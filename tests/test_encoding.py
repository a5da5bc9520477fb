"""The JSON door: what it lets in, what it refuses and with which code."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from attest import encoding, limits
from attest.errors import InputError

REFUSED = [
    pytest.param(b'{"n":1,"n":29}', "json-duplicate-key", id="duplicate key"),
    pytest.param(b'{"a":{"n":1,"\\u006e":2}}', "json-duplicate-key", id="escaped duplicate key"),
    pytest.param(b'{"n":NaN}', "json-float", id="NaN"),
    pytest.param(b'{"n":Infinity}', "json-float", id="Infinity"),
    pytest.param(b'{"n":-Infinity}', "json-float", id="minus Infinity"),
    pytest.param(b'{"n":2.9e10}', "json-float", id="exponent and fraction"),
    pytest.param(b'{"n":3e1}', "json-float", id="exponent"),
    pytest.param(b'{"n":29000000000.0}', "json-float", id="integral float"),
    pytest.param(b'{"n":1e999}', "json-float", id="infinite exponent"),
    pytest.param(b'{"n":29_000}', "json-malformed", id="underscore"),
    pytest.param(b'{"n":+1}', "json-malformed", id="plus sign"),
    pytest.param(b'{"n":01}', "json-malformed", id="leading zero"),
    pytest.param('{"n":２９}'.encode(), "json-malformed", id="full-width digits"),
    pytest.param(b'{"n":9007199254740992}', "json-number-range", id="2^53"),
    pytest.param(b'{"n":-9007199254740992}', "json-number-range", id="minus 2^53"),
    pytest.param(b'{"n":' + b"9" * 5000 + b"}", "json-number-range", id="5,000 digits"),
    pytest.param('{"n":1}'.encode("utf-16"), "json-encoding", id="UTF-16 with mark"),
    pytest.param('{"n":1}'.encode("utf-16-le"), "json-encoding", id="UTF-16 without mark"),
    pytest.param(b'\xef\xbb\xbf{"n":1}', "json-encoding", id="byte-order mark"),
    pytest.param(b'{"n":"\xff"}', "json-encoding", id="not UTF-8"),
    pytest.param(b'{"n":"\xed\xa0\x80"}', "json-encoding", id="encoded surrogate"),
    pytest.param(b'{"n":"\\ud800"}', "json-text", id="lone surrogate"),
    pytest.param(b'{"\\udc00":1}', "json-text", id="lone surrogate in a name"),
    pytest.param(b'{"n":"\\u0000"}', "json-text", id="NUL"),
    pytest.param(b'{"n":"a\\nb"}', "json-text", id="escaped newline"),
    pytest.param(b'{"n":"\\u202eabc"}', "json-text", id="bidi override, escaped"),
    pytest.param('{"n":"\u202eabc"}'.encode(), "json-text", id="bidi override"),
    pytest.param('{"n":"a\u200bb"}'.encode(), "json-text", id="zero-width space"),
    pytest.param('{"n":"a\u0085b"}'.encode(), "json-text", id="C1"),
    pytest.param(b'{"n":"a\nb"}', "json-malformed", id="raw newline"),
    pytest.param(b"[" * 33 + b"0" + b"]" * 33, "json-too-deep", id="33 levels"),
    pytest.param(b"[" * 900 + b"]" * 900, "json-too-deep", id="900 levels"),
    pytest.param(b"[" * 100_000, "json-too-deep", id="100,000 levels"),
    pytest.param(b'{"n":1}x', "json-malformed", id="trailing bytes"),
    pytest.param(b'{"n":1}{}', "json-malformed", id="two documents"),
    pytest.param(b"", "json-malformed", id="empty"),
    pytest.param(b'{"n":1,}', "json-malformed", id="trailing comma"),
    pytest.param(b"{'n':1}", "json-malformed", id="single quotes"),
    pytest.param(b'{"n":"' + b"x" * 8193 + b'"}', "too-large", id="long string"),
    pytest.param(('{"n":"' + "華" * 2731 + '"}').encode(), "too-large", id="long in bytes"),
    pytest.param(b" " * (limits.SUBMISSION_BYTES_MAX + 1), "too-large", id="long document"),
]


@pytest.mark.parametrize(("raw", "code"), REFUSED)
def test_refused_with_its_code_and_without_echo(raw: bytes, code: str) -> None:
    """Each probe of the parser has its own code, and no detail repeats the input."""
    with pytest.raises(InputError) as caught:
        encoding.loads(raw)
    assert caught.value.code == code
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * 32 + b"]" * 32, None),
        (b'{"n":9007199254740991}', {"n": limits.INTEGER_MAX}),
        (b'{"n":-9007199254740991}', {"n": -limits.INTEGER_MAX}),
        (b' \t\r\n{"n": null}\n', {"n": None}),
        ('{"n":"華為"}'.encode(), {"n": "華為"}),
        (b'{"n":"\\u83ef\\ud83d\\ude00"}', {"n": "華\U0001f600"}),
        (b'{"n":"' + b"x" * 8192 + b'"}', {"n": "x" * 8192}),
        (b"true", True),
    ],
)
def test_accepted(raw: bytes, value: object) -> None:
    """The boundary on the good side."""
    got = encoding.loads(raw)
    assert value is None or got == value


def test_string_limit_is_a_parameter() -> None:
    """Documents with base64 members raise the limit, and only that one."""
    raw = b'"' + b"A" * 9000 + b'"'
    assert encoding.loads(raw, string_bytes_max=9000) == "A" * 9000
    with pytest.raises(InputError) as caught:
        encoding.loads(raw, string_bytes_max=8999)
    assert caught.value.code == "too-large"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-limits.INTEGER_MAX, limits.INTEGER_MAX)
    | st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abc_é華\U0001f600\ufb33", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_canonical_agrees_with_rfc8785_and_reads_back(value: encoding.Json) -> None:
    """Two implementations write the same bytes, and reading them gives the value back."""
    written = encoding.canonical(value)
    assert written == rfc8785.dumps(value)
    assert encoding.loads(written) == value
    assert encoding.canonical(encoding.loads(written)) == written


@given(JSON, st.data())
def test_the_fast_and_the_strict_reader_agree(value: encoding.Json, data: st.DataObject) -> None:
    """Canonical bytes with a few of them changed: both readers give one value or one error."""
    raw = bytearray(encoding.canonical(value))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        raw[at : at + 1] = data.draw(st.sampled_from([b"", b'"', b"1", b"e", b".", b"{", b"\x7f"]))
    fast = encoding._read_canonical(bytes(raw))
    if fast is not encoding.OTHER and float not in encoding._kinds(fast):
        assert encoding._read(bytes(raw)) == fast
        assert encoding.loads(bytes(raw)) == fast


@given(st.binary(max_size=200))
def test_only_typed_errors_come_out(raw: bytes) -> None:
    """Random bytes give a value or an InputError, never another exception."""
    code = "read"
    try:
        encoding.loads(raw)
    except InputError as error:
        code = error.code
    assert code == "read" or code.startswith("json-")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "json-float"),
        ([1.0], "json-float"),
        ({"a": float("nan")}, "json-float"),
        (2**53, "json-number-range"),
        (["\ud800"], "json-text"),
        ({1: 2}, "json-malformed"),
        ({"\ud800": 1}, "json-text"),
        ({"a": {1, 2}}, "json-malformed"),
        ((1,), "json-malformed"),
    ],
)
def test_canonical_refuses(value: object, code: str) -> None:
    """What our JSON does not have cannot be written either."""
    with pytest.raises(InputError) as caught:
        encoding.canonical(value)
    assert caught.value.code == code


def test_public_jcs_vectors(shared_dir: Path) -> None:
    """RFC 8785 vectors: equal bytes where they use our subset, a typed refusal where not."""
    outcome = {}
    for path in sorted((shared_dir / "vectors/jcs/input").iterdir()):
        value = json.loads(path.read_text(encoding="utf-8"))
        expected = (shared_dir / "vectors/jcs/output" / path.name).read_bytes()
        assert rfc8785.dumps(value) == expected
        try:
            assert encoding.canonical(value) == expected
            outcome[path.name] = "equal"
        except InputError as error:
            outcome[path.name] = error.code
    assert outcome == {
        "arrays.json": "equal",
        "french.json": "equal",
        "structures.json": "json-float",
        "unicode.json": "equal",
        "values.json": "json-float",
        "weird.json": "equal",
    }


@pytest.mark.parametrize(
    "text",
    ["QQ", "QQ=", "QR==", "Q Q==", "QQ==\n", "QQ==QQ==", "Qé==", "-_-_", "====", "Q===", "QQ==="],
)
def test_base64_has_one_spelling(text: str) -> None:
    """No padding games, no stray bits, no white space."""
    with pytest.raises(InputError) as caught:
        encoding.decode_base64(text, pointer="/sig")
    assert (caught.value.code, caught.value.pointer) == ("base64", "/sig")


def test_base64_alphabets() -> None:
    """DSSE fields take both alphabets; everything else takes the standard one."""
    assert encoding.decode_base64("-_-_", url_safe=True) == encoding.decode_base64("+/+/")
    assert encoding.decode_base64("", url_safe=True) == b""
    with pytest.raises(InputError) as caught:
        encoding.decode_base64("+-+-", url_safe=True)
    assert caught.value.code == "base64"


@given(st.binary(max_size=64))
def test_base64_round_trip(raw: bytes) -> None:
    """Encoding and decoding are inverse."""
    assert encoding.decode_base64(encoding.encode_base64(raw)) == raw


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T14:00:00",
        "2026-11-24T14:00:00+00:00",
        "2026-11-24T14:00:00.0Z",
        "2026-11-24 14:00:00Z",
        "2026-11-24T14:00:00z",
        "2026-02-30T14:00:00Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T14:00:60Z",
        "2026-11-24T14:00:00Z\n",
        "２026-11-24T14:00:00Z",
        "",
    ],
)
def test_instants_have_one_form(text: str) -> None:
    """RFC 3339 in UTC with whole seconds, nothing else."""
    with pytest.raises(InputError) as caught:
        encoding.parse_instant(text)
    assert caught.value.code == "schema-violation"


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_instant_round_trip(instant: dt.datetime) -> None:
    """Writing and reading an instant are inverse, also for years before 1000."""
    whole = instant.replace(microsecond=0)
    assert encoding.parse_instant(encoding.format_instant(whole)) == whole


@pytest.mark.parametrize(
    "text", ["2026-11-24 ", "2026-1-24", "20261124", "2026-02-29", "2026-W48-2"]
)
def test_dates_have_one_form(text: str) -> None:
    """YYYY-MM-DD, nothing else."""
    with pytest.raises(InputError) as caught:
        encoding.parse_date(text)
    assert caught.value.code == "schema-violation"
    assert encoding.parse_date("2028-02-29") == dt.date(2028, 2, 29)
