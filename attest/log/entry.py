"""Entries: what the log says for ever about a body that lies beside it (SPEC 12.1 to 12.3).

    {"commit": "sha256:…",   digest of salt || body, or of the body alone
     "index": 7,             its own place, from 0
     "kind": "decision",     one of `KINDS`
     "prev": "…",            hex leaf hash of the entry before; 64 zeros in entry 0
     "refs": {"pack": [2]},  kinds to the entries that this one rests on
     "salted": true,         whether `commit` covers a salt, which the kind decides
     "time": "2026-11-24T14:00:00Z", "v": 1}

Each entry has exactly one spelling: canonical JSON, the members of `refs` sorted by kind, none of
them empty, their indices ascending and below the entry's own. `parse_entry` takes no other:

>>> entry = Entry(
...     index=0, kind="genesis", time=dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC),
...     prev=NO_PREV, commit=commit(b"body", None), refs={},
... )
>>> raw = format_entry(entry)
>>> raw[:31], parse_entry(raw) == entry
(b'{"commit":"sha256:230d8358dc8e8', True)
>>> parse_entry(raw.replace(b":", b": "))
Traceback (most recent call last):
attest.errors.LogError: entry-malformed: not the canonical form of an entry
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Final

from attest import limits
from attest.encoding import format_instant, parse_instant
from attest.errors import InputError, InternalError, LogError

SALTED_KINDS: Final = frozenset({"submission", "decision", "review"})
"""Kinds with confidential bodies: their commitment is salted."""

KINDS: Final = SALTED_KINDS | {
    "genesis",
    "schema",
    "pack",
    "keyset",
    "keyset-change",
    "list",
    "mandate",
    "activation",
    "trust",
    "policy",
}

SALT_BYTES: Final = 32
NO_PREV: Final = bytes(32)
"""`prev` of entry 0."""

_INDEX = rb"(?:0|[1-9][0-9]{0,12})"
_KIND = f"(?:{'|'.join(sorted(KINDS))})".encode()
_REF = rb'"%b":\[%b(?:,%b)*\]' % (_KIND, _INDEX, _INDEX)

ENTRY_PATTERN: Final = re.compile(
    rb'\{"commit":"sha256:([0-9a-f]{64})","index":(%b),"kind":"(%b)","prev":"([0-9a-f]{64})",'
    rb'"refs":\{((?:%b(?:,%b)*)?)\},"salted":(true|false),'
    rb'"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)","v":1\}'
    % (_INDEX, _KIND, _REF, _REF)
)
"""The spelling of an entry; what it does not check, `parse_entry` does."""

_REF_PARTS = re.compile(rb'"([a-z-]+)":\[([0-9,]+)\]')


@dataclass(frozen=True)
class Entry:
    """One entry. `time` is aware, in UTC, in whole seconds; `prev` is a leaf hash of 32 bytes."""

    index: int
    kind: str
    time: dt.datetime
    prev: bytes
    commit: str
    refs: Mapping[str, tuple[int, ...]]

    @property
    def salted(self) -> bool:
        """Whether the commitment covers a salt (SPEC 12.3)."""
        return self.kind in SALTED_KINDS


def format_entry(entry: Entry) -> bytes:
    """Write an entry.

    Raises:
        InternalError: internal (not an entry that `parse_entry` would take).
    """
    refs = ",".join(
        f'"{kind}":[{",".join(map(str, entry.refs[kind]))}]' for kind in sorted(entry.refs)
    )
    raw = (
        f'{{"commit":"{entry.commit}","index":{entry.index},"kind":"{entry.kind}",'
        f'"prev":"{entry.prev.hex()}","refs":{{{refs}}},'
        f'"salted":{"true" if entry.salted else "false"},'
        f'"time":"{format_instant(entry.time)}","v":1}}'
    ).encode()
    try:
        parse_entry(raw)
    except LogError as error:
        raise InternalError("internal", f"an entry was built wrong: {error.detail}") from None
    return raw


def parse_entry(raw: bytes) -> Entry:
    """Read an entry.

    Raises:
        LogError: entry-malformed.
    """
    if len(raw) > limits.ENTRY_BYTES_MAX:
        raise LogError("entry-malformed", f"over {limits.ENTRY_BYTES_MAX} bytes")
    match = ENTRY_PATTERN.fullmatch(raw)
    if match is None:
        raise LogError("entry-malformed", "not the canonical form of an entry")
    commitment, index_text, kind_text, prev, refs, salted, time = match.groups()
    index, kind = int(index_text), kind_text.decode()
    if index >= limits.LOG_ENTRIES_MAX:
        raise LogError("entry-malformed", "the index is over the limit")
    if (kind in SALTED_KINDS) is not (salted == b"true"):
        raise LogError("entry-malformed", "the kind decides whether an entry is salted")
    if (index == 0) is not (kind == "genesis"):
        raise LogError("entry-malformed", "entry 0 is the genesis, and no other is")
    if index == 0 and prev != b"0" * 64:
        raise LogError("entry-malformed", "there is no entry before entry 0")
    try:
        instant = parse_instant(time.decode())
    except InputError:
        raise LogError("entry-malformed", "the time is not a day and time of day") from None
    return Entry(
        index=index,
        kind=kind,
        time=instant,
        prev=bytes.fromhex(prev.decode()),
        commit=f"sha256:{commitment.decode()}",
        refs=parse_refs(refs, index),
    )


def parse_refs(refs: bytes, index: int) -> dict[str, tuple[int, ...]]:
    """Read the inside of an entry's `refs`, as `ENTRY_PATTERN` finds it, of entry `index`.

    Raises:
        LogError: entry-malformed (order, repetition, an index that is not below the entry's own).
    """
    parsed: dict[str, tuple[int, ...]] = {}
    newest_kind = b""
    for kind, numbers in _REF_PARTS.findall(refs):
        indices = tuple(map(int, numbers.split(b",")))
        ascending = all(a < b for a, b in pairwise(indices))
        if kind <= newest_kind or not ascending or indices[-1] >= index:
            raise LogError("entry-malformed", "refs are ascending and name earlier entries only")
        newest_kind = kind
        parsed[kind.decode()] = indices
    return parsed


def commit(body: bytes, salt: bytes | None) -> str:
    """The commitment to a body: the digest of `salt || body`, or of the body (SPEC 12.3)."""
    return "sha256:" + sha256((salt or b"") + body).hexdigest()


def check_commitment(entry: Entry, body: bytes, salt: bytes | None) -> None:
    """Check that the entry commits to this body and salt (none, or empty, where it is not salted).

    Raises:
        LogError: commitment-mismatch.
    """
    if len(salt or b"") != (SALT_BYTES if entry.salted else 0):
        raise LogError(
            "commitment-mismatch", "the salt is not of the length for the kind", entry=entry.index
        )
    if commit(body, salt) != entry.commit:
        raise LogError(
            "commitment-mismatch", "the entry commits to another body or salt", entry=entry.index
        )
