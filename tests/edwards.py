"""The curve edwards25519 in plain integers, to make signatures that no library would make.

A point is (x, y). `TORSION` generates the eight points of small order, so a key `a B + i TORSION`
has a component of small order unless i is a multiple of 8. `accepts` is SPEC 2.2, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha512
from typing import Final

Point = tuple[int, int]

P: Final = 2**255 - 19
L: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
ZERO: Final[Point] = (0, 1)


_Extended = tuple[int, int, int, int]
"""X, Y, Z and T with x = X / Z, y = Y / Z, x y = T / Z (RFC 8032 section 5.1.4)."""


def _add(one: _Extended, other: _Extended) -> _Extended:
    """The sum; the formula holds for all pairs of points."""
    a = (one[1] - one[0]) * (other[1] - other[0])
    b = (one[1] + one[0]) * (other[1] + other[0])
    c, d = 2 * D * one[3] * other[3], 2 * one[2] * other[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _extended(point: Point) -> _Extended:
    return *point, 1, point[0] * point[1]


def _affine(point: _Extended) -> Point:
    inverse = pow(point[2], -1, P)
    return point[0] * inverse % P, point[1] * inverse % P


def add(one: Point, other: Point) -> Point:
    """The sum of two points."""
    return _affine(_add(_extended(one), _extended(other)))


def times(scalar: int, point: Point) -> Point:
    """The multiple of a point."""
    total, power = _extended(ZERO), _extended(point)
    while scalar:
        if scalar & 1:
            total = _add(total, power)
        power, scalar = _add(power, power), scalar >> 1
    return _affine(total)


def encode(point: Point) -> bytes:
    """The canonical encoding."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(raw: bytes) -> Point | None:
    """The point of a canonical encoding, None of any other bytes."""
    number = int.from_bytes(raw, "little")
    y, odd = number & (2**255 - 1), number >> 255
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != xx or (x == 0 and odd):
        return None
    return (P - x if x & 1 != odd else x, y)


def _point(raw: str) -> Point:
    point = decode(bytes.fromhex(raw))
    assert point is not None
    return point


BASE: Final = _point("58" + "66" * 31)
TORSION: Final = _point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SMALL_ORDER: Final = tuple(times(i, TORSION) for i in range(8))


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    """The scalar k that binds R, A and the message."""
    return int.from_bytes(sha512(r + a + message).digest(), "little") % L


@dataclass(frozen=True)
class Signed:
    """A key, a signature and its message, all raw."""

    key: bytes
    signature: bytes
    message: bytes


def sign(
    message: bytes, *, secret: int = 7, nonce: int = 11, key_part: int = 0, nonce_part: int = 0
) -> Signed:
    """Sign under `secret B + key_part TORSION` with `R = nonce B + nonce_part TORSION`.

    With the cofactor this always holds; without it, when nonce_part + k key_part is 0 modulo 8.
    """
    key = encode(add(times(secret, BASE), SMALL_ORDER[key_part]))
    r = encode(add(times(nonce, BASE), SMALL_ORDER[nonce_part]))
    s = (nonce + challenge(r, key, message) * secret) % L
    return Signed(key, r + s.to_bytes(32, "little"), message)


def accepts(signed: Signed) -> bool:
    """Whether SPEC 2.2 accepts: the rule as it is written there."""
    r, s = signed.signature[:32], int.from_bytes(signed.signature[32:], "little")
    key = decode(signed.key)
    if len(signed.signature) != 64 or s >= L or key is None or key in SMALL_ORDER:
        return False
    if decode(r) in SMALL_ORDER:
        return False
    k = challenge(r, signed.key, signed.message)
    return encode(add(times(s, BASE), times(L * 8 - k, key))) == r
