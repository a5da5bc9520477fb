"""The one door for JSON, and the one way out: strict in, canonical out (SPEC 1.1 to 1.6).

`loads` accepts a subset of RFC 8259 on which all readers agree; `canonical` writes RFC 8785
restricted to integers and strings:

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
from typing import Any

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
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}") from None
    if text.startswith("\ufeff") or "\x00" in text[:4]:
        raise InputError("json-encoding", "not UTF-8 without a byte-order mark")
    if not (text.isascii() and text.isprintable()) and _FORBIDDEN_RAW.search(text):
        raise InputError("json-text", "a forbidden character stands in the document")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InputError("json-malformed", f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InputError("json-too-deep", "the nesting is over the limit") from None
    if type(value) in _CONTAINERS:
        _check_depth(value)
    if "\\" in text or len(raw) > string_bytes_max:
        _check_strings(value, string_bytes_max)
    return value


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


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(limits.JSON_DEPTH_MAX):
        below: list[Json] = []
        for node in level:
            below += node.values() if type(node) is dict else node
        level = [node for node in below if type(node) in _CONTAINERS]
        if not level:
            return
    raise InputError("json-too-deep", f"nested deeper than {limits.JSON_DEPTH_MAX} levels")


def _check_strings(value: Json, bytes_max: int) -> None:
    pending = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending += node
            pending += node.values()
        elif isinstance(node, list):
            pending += node
        elif isinstance(node, str):
            if _FORBIDDEN_TEXT.search(node):
                raise InputError("json-text", "a string holds a forbidden character")
            if len(node) > bytes_max or len(node.encode()) > bytes_max:
                raise InputError("too-large", f"a string is over {bytes_max} bytes")


def canonical(value: Json) -> bytes:
    """Write canonical JSON (RFC 8785 restricted to integers and strings, SPEC 1.2).

    Raises:
        InputError: json-float, json-number-range, json-text (a surrogate), json-malformed (a type
            that JSON does not have).
    """
    plain_names = _check_writable(value)
    try:
        text = _ENCODER.encode(value) if plain_names else _ORDERED_ENCODER.encode(_ordered(value))
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("json-text", "a string holds a surrogate") from None


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)
_ORDERED_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
)


def _ordered(value: Json) -> Json:
    """The value with members in the order of UTF-16 code units (RFC 8785, section 3.2.3)."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: str(name).encode("utf-16-be"))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


_TEXT_OR_NOTHING = (str, bool, type(None))


def _check_writable(value: Json) -> bool:
    """Refuse what JSON of SPEC 1.2 does not have; true when all member names are ASCII."""
    plain_names = True
    level = [value]
    while level:
        below: list[Json] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                for name in node:
                    if type(name) is not str:
                        raise InputError("json-malformed", "member names are strings")
                    plain_names = plain_names and name.isascii()
                below += node.values()
            elif kind is list:
                below += node
            elif kind is int:
                if not -limits.INTEGER_MAX <= node <= limits.INTEGER_MAX:
                    raise InputError("json-number-range", f"beyond {limits.INTEGER_MAX}")
            elif kind is float:
                raise InputError("json-float", "only whole numbers are allowed")
            elif kind not in _TEXT_OR_NOTHING:
                raise InputError("json-malformed", f"JSON has no {kind.__name__}")
        level = below
    return plain_names


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
    if url_safe and ("-" in text or "_" in text):
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
