r"""TOML that people write by hand, packs and sources alike, read within bounds.

A parser may take quadratic time over the parts of a dotted key, so they are counted before one
starts; strings and comments are stepped over:

>>> loads(b"a.b = '1.2.3'  # c.d\n", bytes_max=100)
{'a': {'b': '1.2.3'}}
>>> loads(b"a" + b".a" * limits.TOML_KEY_PARTS_MAX + b" = 1", bytes_max=100)
Traceback (most recent call last):
attest.errors.InputError: json-too-deep: a dotted key has over 32 parts (at line 1)
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from attest import limits
from attest.errors import InputError

_PART: Final = r"""(?:[\w-]+|"(?:[^"\\\n]|\\[^\n])*(?:"|\\?$)|'[^'\n]*(?:'|$))"""
_DOT: Final = r"[ \t]*\.[ \t]*"
_TOKENS: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"{3,5}|\\?\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r"|\#[^\n]*"
    rf"|(?P<long>{_PART}(?:{_DOT}{_PART}){{{limits.TOML_KEY_PARTS_MAX}}})"
    rf"|{_PART}(?:{_DOT}{_PART})*",
    re.DOTALL | re.MULTILINE,
)


def loads(raw: bytes, *, bytes_max: int) -> dict[str, Any]:
    """Parse TOML; numbers and times are Python's own, and tables nest as deep as JSON may.

    Raises:
        InputError: too-large, json-encoding, json-too-deep, toml-malformed.
    """
    if len(raw) > bytes_max:
        raise InputError("too-large", f"over {bytes_max} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("json-encoding", f"not UTF-8 at byte {error.start}, line {line}") from None
    for token in _TOKENS.finditer(text):
        if token["long"]:
            where = f"line {_line(text, token.start())}"
            most = limits.TOML_KEY_PARTS_MAX
            raise InputError("json-too-deep", f"a dotted key has over {most} parts (at {where})")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise InputError("json-too-deep", "the nesting is over the limit") from None
    except ValueError as error:  # TOMLDecodeError, and a number without end
        place = re.search(r" \(at [^()]*\)$", str(error))
        where = place[0] if place else ""
        if "end of document" in where:
            where = f" (at the end, line {_line(text.rstrip(), None)})"
        raise InputError("toml-malformed", f"not TOML{where}") from None
    _check_depth(document, 1)
    return document


def _line(text: str, offset: int | None) -> int:
    return text.count("\n", 0, offset) + 1


def _check_depth(value: object, level: int) -> None:
    if not isinstance(value, dict | list):
        return
    if level > limits.JSON_DEPTH_MAX:
        raise InputError("json-too-deep", f"nested deeper than {limits.JSON_DEPTH_MAX} levels")
    for below in value.values() if isinstance(value, dict) else value:
        _check_depth(below, level + 1)
