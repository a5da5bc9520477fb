"""Errors say who is to blame and carry a stable code.

    AttestError(code, detail, pointer=…, entry=…)
    ├── InputError     their bytes: malformed, too large, not of the schema
    ├── TrustError     their proof: keys, signatures, audience, validity, links
    ├── RuleError      our data: a rule pack that is broken
    ├── LogError       the log: an entry, proof or checkpoint that does not hold
    ├── RemoteError    the other side of a connection
    └── InternalError  our bug

A code never changes its meaning. `CODES` says of each one what it is and how to mend it; the class
that raises a code is fixed by that table, so no code can be raised as two kinds of blame:

>>> raise_code = TrustError("expired", "not valid after 2026-01-01T00:00:00Z", pointer="/validity")
>>> raise_code.code, CODES["expired"].blame
('expired', 'TrustError')
>>> TrustError("json-float", "…")
Traceback (most recent call last):
ValueError: json-float belongs to InputError

Details are for people. They name places and rules, never a value from the sender's bytes.
"""

from __future__ import annotations

from attest.errors.codes import CODES, Code

__all__ = [
    "AttestError",
    "CODES",
    "Code",
    "InputError",
    "InternalError",
    "LogError",
    "RemoteError",
    "RuleError",
    "TrustError",
]


class AttestError(Exception):
    """Base of every error of this library; never raised itself."""

    def __init__(
        self, code: str, detail: str, *, pointer: str | None = None, entry: int | None = None
    ) -> None:
        if CODES[code].blame != type(self).__name__:
            raise ValueError(f"{code} belongs to {CODES[code].blame}")
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.entry = entry

    def __str__(self) -> str:
        where = "" if self.pointer is None else f" at {self.pointer or '/'}"
        which = "" if self.entry is None else f" (entry {self.entry})"
        return f"{self.code}{where}{which}: {self.detail}"

    @property
    def mend(self) -> str:
        """How to put it right."""
        return CODES[self.code].mend


class InputError(AttestError):
    """The bytes we were given are not what they should be."""


class TrustError(AttestError):
    """The bytes are well formed but cannot be relied on."""


class RuleError(AttestError):
    """A rule pack is broken."""


class LogError(AttestError):
    """The log, or a proof from it, does not hold."""


class RemoteError(AttestError):
    """A server could not be reached or refused."""


class InternalError(AttestError):
    """A defect of this program; please report it."""
