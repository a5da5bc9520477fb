"""ML-DSA signing without chance (FIPS 204, the deterministic variant), for test keys only.

The library underneath hedges: it signs one message to other bytes each time. Vectors have to come
out the same on every run, so their signatures are made here. Nothing here resists a measurement of
time or power. Verifying is left to the library, which also confirms what is made here.

>>> from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
>>> key = MLDSA44PrivateKey.from_seed_bytes(bytes(32)).public_key()
>>> key.verify(sign(bytes(32), b"message"), b"message")
>>> sign(bytes(32), b"message") == sign(bytes(32), b"message")
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import shake_128, shake_256
from typing import Final, NamedTuple

Polynomial = Sequence[int]
"""256 coefficients modulo `Q`."""

Q: Final = 8_380_417
N: Final = 256
DROPPED: Final = 13


class Parameters(NamedTuple):
    """A parameter set (FIPS 204, section 4)."""

    rows: int
    columns: int
    eta: int
    tau: int
    gamma1_bits: int
    gamma2: int
    omega: int
    challenge_bytes: int

    @property
    def beta(self) -> int:
        """What multiplying by the challenge can add."""
        return self.tau * self.eta

    @property
    def gamma1(self) -> int:
        """The range of the mask."""
        return 1 << self.gamma1_bits


ML_DSA_44: Final = Parameters(4, 4, 2, 39, 17, (Q - 1) // 88, 80, 32)
ML_DSA_65: Final = Parameters(6, 5, 4, 49, 19, (Q - 1) // 32, 55, 48)


def _reversed_bits(number: int) -> int:
    return int(f"{number:08b}"[::-1], 2)


ZETAS: Final = [pow(1753, _reversed_bits(number), Q) for number in range(N)]


class PrivateKey(NamedTuple):
    """An expanded key: what signing needs, polynomials in the domain of the transform."""

    matrix: list[list[Polynomial]]
    secret: bytes
    digest: bytes
    s1: list[Polynomial]
    s2: list[Polynomial]
    t0: list[Polynomial]


def _ntt(polynomial: Polynomial) -> Polynomial:
    w, step, zeta = list(polynomial), N // 2, 0
    while step:
        for start in range(0, N, 2 * step):
            zeta += 1
            z = ZETAS[zeta]
            for low in range(start, start + step):
                t = z * w[low + step] % Q
                w[low + step] = w[low] - t
                w[low] += t
        step //= 2
    return [c % Q for c in w]


def _inverse_ntt(polynomial: Polynomial) -> Polynomial:
    w, step, zeta = list(polynomial), 1, N
    while step < N:
        for start in range(0, N, 2 * step):
            zeta -= 1
            z = -ZETAS[zeta]
            for low in range(start, start + step):
                t = w[low]
                w[low] = t + w[low + step]
                w[low + step] = z * (t - w[low + step]) % Q
        step *= 2
    return [c * 8_347_681 % Q for c in w]


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    return [x * y % Q for x, y in zip(a, b, strict=True)]


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    return [(x + y) % Q for x, y in zip(a, b, strict=True)]


def _minus(a: Polynomial, b: Polynomial) -> Polynomial:
    return [(x - y) % Q for x, y in zip(a, b, strict=True)]


def _product(
    matrix: Sequence[Sequence[Polynomial]], vector: Sequence[Polynomial]
) -> list[Polynomial]:
    rows = []
    for row in matrix:
        total: Polynomial = [0] * N
        for a, b in zip(row, vector, strict=True):
            total = _plus(total, _times(a, b))
        rows.append(_inverse_ntt(total))
    return rows


def _uniform(seed: bytes) -> Polynomial:
    stream, found = shake_128(seed).digest(2048), []
    for at in range(0, 2046, 3):
        number = int.from_bytes(stream[at : at + 3], "little") & 0x7FFFFF
        if number < Q:
            found.append(number)
    return found[:N]


def _small(seed: bytes, eta: int) -> Polynomial:
    halves = (half for byte in shake_256(seed).digest(512) for half in (byte & 15, byte >> 4))
    if eta == 2:
        return [2 - half % 5 for half in halves if half < 15][:N]
    return [4 - half for half in halves if half < 9][:N]


def _packed(polynomial: Iterable[int], bits: int) -> bytes:
    total = sum(c << (bits * place) for place, c in enumerate(polynomial))
    return total.to_bytes(N * bits // 8, "little")


def _mask(seed: bytes, gamma1_bits: int) -> Polynomial:
    bits = gamma1_bits + 1
    total = int.from_bytes(shake_256(seed).digest(N * bits // 8), "little")
    return [(1 << gamma1_bits) - (total >> (bits * place) & (1 << bits) - 1) for place in range(N)]


def _centred(c: int) -> int:
    c %= Q
    return c - Q if c > Q // 2 else c


def _decomposed(c: int, gamma2: int) -> tuple[int, int]:
    c %= Q
    low = c % (2 * gamma2)
    low = low - 2 * gamma2 if low > gamma2 else low
    return (0, low - 1) if c - low == Q - 1 else ((c - low) // (2 * gamma2), low)


def _challenge(seed: bytes, tau: int) -> Polynomial:
    stream = shake_256(seed).digest(1024)
    signs, at, c = int.from_bytes(stream[:8], "little"), 8, [0] * N
    for place in range(N - tau, N):
        while stream[at] > place:
            at += 1
        c[place], c[stream[at]] = c[stream[at]], 1 - 2 * (signs & 1)
        signs, at = signs >> 1, at + 1
    return c


def _hint_bytes(hints: Sequence[Sequence[bool]], omega: int) -> bytes:
    places: list[int] = []
    ends = []
    for row in hints:
        places += [place for place, hint in enumerate(row) if hint]
        ends.append(len(places))
    return bytes(places + [0] * (omega - len(places)) + ends)


@lru_cache(maxsize=32)
def expand(seed: bytes, parameters: Parameters) -> PrivateKey:
    """The key that belongs to a seed of 32 bytes."""
    rows, columns, eta, *_ = parameters
    material = shake_256(seed + bytes((rows, columns))).digest(128)
    rho, small_seed, secret = material[:32], material[32:96], material[96:]
    matrix = [[_uniform(rho + bytes((s, r))) for s in range(columns)] for r in range(rows)]
    small = [_small(small_seed + n.to_bytes(2, "little"), eta) for n in range(columns + rows)]
    s1, s2 = [_ntt(s) for s in small[:columns]], small[columns:]
    t = [_plus(row, s) for row, s in zip(_product(matrix, s1), s2, strict=True)]
    high = [[(c + (1 << DROPPED - 1) - 1) >> DROPPED for c in row] for row in t]
    low = [
        [c - (h << DROPPED) for c, h in zip(*both, strict=True)]
        for both in zip(t, high, strict=True)
    ]
    public = rho + b"".join(_packed(row, 10) for row in high)
    return PrivateKey(
        matrix=matrix,
        secret=secret,
        digest=shake_256(public).digest(64),
        s1=s1,
        s2=[_ntt(s) for s in s2],
        t0=[_ntt(row) for row in low],
    )


def sign(seed: bytes, message: bytes, parameters: Parameters = ML_DSA_44) -> bytes:
    """The signature of a message with an empty context: 2420 or 3309 bytes."""
    key = expand(seed, parameters)
    mu = shake_256(key.digest + b"\x00\x00" + message).digest(64)
    noise = shake_256(key.secret + bytes(32) + mu).digest(64)
    attempt = 0
    while (signature := _attempt(key, mu, noise, attempt, parameters)) is None:
        attempt += parameters.columns
    return signature


def _attempt(
    key: PrivateKey, mu: bytes, noise: bytes, attempt: int, chosen: Parameters
) -> bytes | None:
    gamma2 = chosen.gamma2
    y = [
        _mask(noise + (attempt + n).to_bytes(2, "little"), chosen.gamma1_bits)
        for n in range(chosen.columns)
    ]
    w = _product(key.matrix, [_ntt(each) for each in y])
    high_bits = ((Q - 1) // (2 * gamma2) - 1).bit_length()
    high = [_packed((_decomposed(c, gamma2)[0] for c in row), high_bits) for row in w]
    seed = shake_256(mu + b"".join(high)).digest(chosen.challenge_bytes)
    challenge = _ntt(_challenge(seed, chosen.tau))
    z = [_plus(each, _inverse_ntt(_times(challenge, s))) for each, s in zip(y, key.s1, strict=True)]
    rest = [
        _minus(row, _inverse_ntt(_times(challenge, s))) for row, s in zip(w, key.s2, strict=True)
    ]
    if any(abs(_centred(c)) >= chosen.gamma1 - chosen.beta for row in z for c in row):
        return None
    if any(abs(_decomposed(c, gamma2)[1]) >= gamma2 - chosen.beta for row in rest for c in row):
        return None
    dropped = [_inverse_ntt(_times(challenge, t)) for t in key.t0]
    if any(abs(_centred(c)) >= gamma2 for row in dropped for c in row):
        return None
    hints = [
        [
            _decomposed(c, gamma2)[0] != _decomposed(c + d, gamma2)[0]
            for c, d in zip(*both, strict=True)
        ]
        for both in zip(rest, dropped, strict=True)
    ]
    if sum(map(sum, hints)) > chosen.omega:
        return None
    bits = chosen.gamma1_bits + 1
    packed = [_packed((chosen.gamma1 - _centred(c) for c in row), bits) for row in z]
    return seed + b"".join(packed) + _hint_bytes(hints, chosen.omega)
