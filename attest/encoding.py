"""The one door for JSON, and the one way out: strict in, canonical out (SPEC 1.1 to 1.6).

`loads` accepts a subset of RFC 8259 on which all readers agree; `canonical` writes RFC 8785
restricted to integers and strings. Bytes that are canonical already are read by a fast parser, all
others by a strict one, with the same result:

>>> canonical(loads(b'{"units": 2, "area_um2": 814000000}'))
b'{"area_um2":814000000,"units":2}'
>>> loads(b'{"n": 1, "n": 29}')
Traceback (most recent call last):
attest.errors.InputError: json-duplicate-key: a member name appears twice

Digests name their algorithm, instants are UTC in whole seconds:

>>> digest(b"")[:15], format_instant(parse_instant("2026-11-24T14:00:00Z"))
('sha256:e3b0c442', '2026-11-24T14:00:00Z')
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import re
from typing import Any, Final

import orjson

from attest import limits
from attest.errors import InputError

Json = Any
"""What `loads` returns: None, bool, int, str, list or dict of the same, nothing else."""

_FORBIDDEN_TEXT = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, bidirectional
    "\ud800-\udfff\U000e0000-\U000e007f]"  # surrogates, tags
)
_FORBIDDEN_RAW = re.compile(
    _FORBIDDEN_TEXT.pattern.replace("\x00-\x1f", "\x00-\x08\x0b\x0c\x0e-\x1f")
)
_INTEGER_DIGITS_MAX = len(str(limits.INTEGER_MAX))
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_URL_SAFE = str.maketrans("-_", "+/")


def loads(
    raw: bytes,
    *,
    bytes_max: int = limits.SUBMISSION_BYTES_MAX,
    string_bytes_max: int = limits.STRING_BYTES_MAX,
) -> Json:
    """Parse JSON of SPEC 1.1.

    `string_bytes_max` is raised only for documents whose schema bounds their base64 members.

    Raises:
        InputError: too-large, json-encoding, json-malformed, json-duplicate-key, json-float,
            json-number-range, json-text, json-too-deep.
    """
    if len(raw) > bytes_max:
        raise InputError("too-large", f"the document is over {bytes_max} bytes")
    value = _read_canonical(raw)
    if value is OTHER or float in _kinds(value):
        value = _read(raw)
        _kinds(value)
    if b"\\" in raw or len(raw) > string_bytes_max:
        _check_strings(value, string_bytes_max)
    return value


_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class _Other:
    """Bytes that a fast writer does not give back."""


OTHER: Final = _Other()
"""What `loads_for_schema` leaves to `loads`."""


def loads_for_schema(raw: bytes) -> Json:
    """What `loads` gives for plain bytes, if their schema accepts it; `OTHER` for any other bytes.

    To be used only for documents whose schemas are closed and hold no numbers but bounded integers:
    such a schema bounds the depth, and takes a number with a fraction only where that is zero,
    which the fast writer writes as `.0`.
    """
    if b"\\" in raw or b".0" in raw or len(raw) > limits.STRING_BYTES_MAX:
        return OTHER
    return _read_canonical(raw)


def _read_canonical(raw: bytes) -> Json:
    """The value of bytes that a fast writer gives back unchanged; `OTHER` for any other bytes.

    Such bytes have one reading: no name twice, nothing after the end, no
    number but whole ones in range, or with a fraction.
    """
    try:
        value = orjson.loads(raw)
        if orjson.dumps(value, option=_CANONICAL) != raw:
            return OTHER
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return OTHER
    if b"\x7f" in raw or not (raw.isascii() or _FORBIDDEN_RAW.search(raw.decode()) is None):
        return OTHER
    return value


def _read(raw: bytes) -> Json:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff") or "\x00" in text[:4]:
        raise InputError("json-encoding", "not UTF-8 without a byte-order mark")
    if _FORBIDDEN_RAW.search(text):
        raise InputError("json-text", "a forbidden character stands in the document")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InputError("json-malformed", f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InputError("json-too-deep", "the nesting is over the limit") from None


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InputError("json-duplicate-key", "a member name appears twice")
    return members


def _refuse_number(_text: str) -> Json:
    raise InputError("json-float", "only whole numbers are allowed")


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS_MAX + 1 or abs(value := int(text)) > limits.INTEGER_MAX:
        raise InputError("json-number-range", f"a number is beyond {limits.INTEGER_MAX}")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_refuse_number,
    parse_int=_integer,
    parse_constant=_refuse_number,
)
_CONTAINERS = (dict, list)


def _kinds(value: Json) -> set[type]:
    """The types that occur in a value of bounded depth."""
    kinds = {type(value)}
    containers = [value] if type(value) in _CONTAINERS else []
    for _ in range(limits.JSON_DEPTH_MAX):
        if not containers:
            return kinds
        below: list[Json] = []
        for node in containers:
            below += node.values() if type(node) is dict else node
        kinds.update(map(type, below))
        containers = [node for node in below if type(node) in _CONTAINERS]
    if containers:
        raise InputError("json-too-deep", f"nested deeper than {limits.JSON_DEPTH_MAX} levels")
    return kinds


def _check_strings(value: Json, bytes_max: int) -> None:
    texts: list[str] = []
    level = [value]
    while level:
        texts += [node for node in level if type(node) is str]
        below: list[Json] = []
        for node in level:
            if type(node) is dict:
                texts += node
                below += node.values()
            elif type(node) is list:
                below += node
        level = below
    if _FORBIDDEN_TEXT.search("".join(texts)):
        raise InputError("json-text", "a string holds a forbidden character")
    if any(len(text) * 4 > bytes_max and len(text.encode()) > bytes_max for text in texts):
        raise InputError("too-large", f"a string is over {bytes_max} bytes")


def canonical(value: Json) -> bytes:
    """Write canonical JSON (RFC 8785 restricted to integers and strings, SPEC 1.2).

    Raises:
        InputError: json-float, json-number-range, json-text (a surrogate), json-malformed (a type
            that JSON does not have).
    """
    try:
        if not _kinds(value) <= _WRITABLE:
            raise _unwritable(value)
        written = orjson.dumps(value, option=_CANONICAL)
        if written.isascii() or _plain_names(value):
            return written
        return orjson.dumps(_ordered(value))
    except orjson.JSONEncodeError:
        raise _unwritable(value) from None


def canonical_unchecked(value: Json) -> bytes:
    """What `canonical` writes, for a value that is known to be writable and is not looked at.

    For what this program puts together out of its own texts and of parsed JSON: of no other types,
    and with member names in ASCII.
    """
    return orjson.dumps(value, option=_CANONICAL)


_WRITABLE = {dict, list, str, int, bool, type(None)}


def _plain_names(value: Json) -> bool:
    """Whether all member names are ASCII, which sort alike by code point and by UTF-16 unit."""
    pending = [value]
    for node in pending:
        if type(node) is dict:
            if not all(map(str.isascii, node)):
                return False
            pending += [member for member in node.values() if type(member) in _CONTAINERS]
        elif type(node) is list:
            pending += [item for item in node if type(item) in _CONTAINERS]
    return True


def _ordered(value: Json) -> Json:
    """The value with members in the order of UTF-16 code units (RFC 8785, section 3.2.3)."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _unwritable(value: Json) -> InputError:
    """Why a value cannot be written."""
    pending = [value]
    while pending:
        node = pending.pop()
        kind = type(node)
        if kind is dict:
            pending += [*node, *node.values()]
            if not all(type(name) is str for name in node):
                return InputError("json-malformed", "member names are strings")
        elif kind is list:
            pending += node
        elif kind is float:
            return InputError("json-float", "only whole numbers are allowed")
        elif kind is int and abs(node) > limits.INTEGER_MAX:
            return InputError("json-number-range", f"a number is beyond {limits.INTEGER_MAX}")
        elif kind not in _WRITABLE:
            return InputError("json-malformed", f"JSON has no {kind.__name__}")
    return InputError("json-text", "a string holds a surrogate")


def digest(raw: bytes) -> str:
    """The digest of bytes: `sha256:` and 64 hex digits (SPEC 1.3)."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def encode_base64(raw: bytes) -> str:
    """Standard base64 with padding (SPEC 1.6)."""
    return base64.b64encode(raw).decode("ascii")


def decode_base64(text: str, *, pointer: str = "", url_safe: bool = False) -> bytes:
    """Decode base64; each byte string has one accepted spelling per alphabet.

    Raises:
        InputError: base64.
    """
    standard = text
    if url_safe and ("-" in text or "_" in text) and "+" not in text and "/" not in text:
        standard = text.translate(_URL_SAFE)
    try:
        raw = binascii.a2b_base64(standard, strict_mode=True)
    except (binascii.Error, ValueError):
        raise InputError("base64", "not base64 with padding", pointer=pointer) from None
    if encode_base64(raw[len(raw) - (len(raw) % 3 or 3) :])[-4:] != standard[-4:]:
        raise InputError("base64", "not the canonical spelling", pointer=pointer)
    return raw


def parse_instant(text: str, *, pointer: str = "") -> dt.datetime:
    """Parse an instant of SPEC 1.4; the result is aware and in UTC.

    Raises:
        InputError: schema-violation.
    """
    try:
        if _INSTANT.fullmatch(text):
            return dt.datetime.fromisoformat(text)
    except ValueError:
        pass
    raise InputError(
        "schema-violation", "not an instant such as 2026-11-24T14:00:00Z", pointer=pointer
    )


def format_instant(instant: dt.datetime) -> str:
    """Write an instant of SPEC 1.4. The argument is aware and in UTC, in whole seconds."""
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_date(text: str, *, pointer: str = "") -> dt.date:
    """Parse a date of SPEC 1.4.

    Raises:
        InputError: schema-violation.
    """
    try:
        if _DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise InputError("schema-violation", "not a date such as 2026-11-24", pointer=pointer)
