"""Finding private keys in bytes: PEM, DER, and DER as base64 or hex; and those of other programs.

Spelt so that this file does not match itself.
"""

from __future__ import annotations

import binascii
import re

_HEAD_BYTES = 48
_DER = re.compile(
    rb"""\x30(?:[\x20-\x7f]|\x81.|\x82..)           # SEQUENCE, short or with one or two bytes
    (?: \x02\x01[\x00\x01]\x30.\x06[\x03-\x0b]      # PKCS#8: version, then an algorithm
      | \x30(?:[\x20-\x7f]|\x81.)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05[\x03-\x0e]  # encrypted
      | \x02\x01\x00\x02\x82                        # PKCS#1: version, modulus
      | \x02\x01\x01\x04[\x1c-\x42] )               # SEC 1: version, the scalar
    """,
    re.DOTALL | re.VERBOSE,
)
_PEM = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIV[A]TE KEY( BLOCK)?-----\s+[A-Za-z0-9+/=:]{40}")
_OTHERS = re.compile(
    rb"AGE-SECRET-K[E]Y-1[A-Z0-9]{20}|PRIVATE\+K[E]Y\+[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40}"
    rb'|"kty"\s*:[^{}]*"d"\s*:\s*"[A-Za-z0-9_-]{40}|"d"\s*:\s*"[A-Za-z0-9_-]{40}[^{}]*"kty"\s*:'
    rb"|PuTTY-User-Key-F[i]le-"
)
_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/_-])M[A-Za-z0-9+/_-]{39,}")
_HEX = re.compile(rb"(?<![0-9A-Fa-f])30[0-9A-Fa-f]{62,}")


def private_material(raw: bytes) -> str | None:
    """What kind of private key the bytes hold, if any."""
    if _PEM.search(raw):
        return "PEM"
    if _OTHERS.search(raw):
        return "a key of another program"
    if b"\0" in raw and _DER.search(raw):
        return "DER"
    for run in _BASE64.finditer(raw):
        head = run.group()[:_HEAD_BYTES].translate(bytes.maketrans(b"-_", b"+/"))
        if _DER.match(binascii.a2b_base64(head[: len(head) // 4 * 4])):
            return "base64"
    for run in _HEX.finditer(raw):
        if _DER.match(bytes.fromhex(run.group()[:_HEAD_BYTES].decode())):
            return "hex"
    return None
