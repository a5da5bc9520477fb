"""Signing behind PKCS#11, with a real token in software."""

from __future__ import annotations

import datetime as dt
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from attest import keys
from attest.encoding import digest
from attest.errors import AttestError, InputError, RemoteError
from attest.log.checkpoint import CheckpointSigner, LogKeys, open_checkpoint
from attest.log.note import KeyPair
from attest.signing.token import TokenSigner
from tests.softhsm import PIN, TOKEN, SoftToken
from tests.world import NOW, derived_signer

ALGORITHMS = [keys.ED25519, keys.ECDSA_P256, keys.ECDSA_P384]


def found(
    token: SoftToken,
    algorithm: str,
    *,
    label: str | None = None,
    name: str = TOKEN,
    pin: bytes = PIN,
    spki: bytes | None = None,
) -> TokenSigner:
    return TokenSigner.find(
        module=token.module,
        token=name,
        key=label or token.keys[algorithm],
        algorithm=algorithm,
        pin=lambda: pin,
        spki=spki,
    )


def refusal_of(error: pytest.ExceptionInfo[AttestError]) -> str:
    return error.value.code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_token_signs(soft_token: SoftToken, algorithm: str) -> None:
    """By the rule of SPEC 2.2 every time: of a dozen ECDSA signatures half would have a high s."""
    signer = found(soft_token, algorithm)
    assert signer.public.algorithm == algorithm
    assert signer.keyid == digest(signer.public.spki) == found(soft_token, algorithm).keyid
    for number in range(12):
        message = b"%d" % number
        signature = signer.sign(message)
        assert len(signature) == keys.SIGNATURE_BYTES[algorithm]
        keys.load_public_key(algorithm, signer.public.spki).check(signature, message)


def test_messages_of_any_length(soft_token: SoftToken) -> None:
    for algorithm in ALGORITHMS:
        signer = found(soft_token, algorithm)
        for message in (b"", b"m" * 1_000_000):
            signer.public.check(signer.sign(message), message)


def test_a_declared_public_key_must_be_the_tokens(soft_token: SoftToken) -> None:
    right = found(soft_token, keys.ED25519).public.spki
    assert found(soft_token, keys.ED25519, spki=right).sign(b"m")
    other = found(soft_token, keys.ED25519, spki=derived_signer("other").public.spki)
    with pytest.raises(RemoteError, match="another key") as caught:
        other.sign(b"m")
    assert refusal_of(caught) == "signer"


@pytest.mark.parametrize("pin", [b"2468135724681358", b"1", b"", b"x" * 300, b"\xff"])
def test_a_wrong_pin(soft_token: SoftToken, pin: bytes) -> None:
    with pytest.raises(InputError) as caught:
        found(soft_token, keys.ED25519, pin=pin).sign(b"m")
    assert refusal_of(caught) == "passphrase"
    assert found(soft_token, keys.ED25519).sign(b"m")


def test_what_is_not_there(soft_token: SoftToken) -> None:
    for options in ({"label": "no such key"}, {"name": "no such token"}):
        with pytest.raises(RemoteError) as caught:
            found(soft_token, keys.ED25519, **options)  # type: ignore[arg-type]
        assert refusal_of(caught) == "signer"
        assert "no such" not in caught.value.detail
    spki = found(soft_token, keys.ED25519).public.spki
    gone = found(soft_token, keys.ED25519, label="gone", spki=spki)
    with pytest.raises(RemoteError) as caught:
        gone.sign(b"m")
    assert refusal_of(caught) == "signer"


def test_a_key_that_may_not_sign(soft_token: SoftToken) -> None:
    signer = found(soft_token, keys.ECDSA_P256, label="mute")
    with pytest.raises(RemoteError) as caught:
        signer.sign(b"m")
    assert refusal_of(caught) == "signer"


def test_the_algorithm_is_the_declared_one(soft_token: SoftToken) -> None:
    """A key of another algorithm than the signer file states is not used."""
    for algorithm in ALGORITHMS:
        for stated in ALGORITHMS:
            if stated == algorithm:
                continue
            with pytest.raises(InputError) as caught:
                found(soft_token, stated, label=soft_token.keys[algorithm])
            assert refusal_of(caught) == "key-malformed"


@pytest.mark.parametrize("algorithm", [*keys.POST_QUANTUM, "rsa"])
def test_algorithms_that_no_token_has(algorithm: str) -> None:
    with pytest.raises(InputError) as caught:
        found(SoftToken("/nowhere.so", {}), algorithm, label="k")
    assert refusal_of(caught) == "key-malformed"


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever uses no token need not install what speaks to them."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(RemoteError, match="not installed") as caught:
        found(SoftToken("/nowhere.so", {}), keys.ED25519, label="k")
    assert refusal_of(caught) == "signer"


def test_two_keys_of_one_token_at_once(soft_token: SoftToken) -> None:
    """A token knows one login for a process; signers in several threads do not trip over it."""
    signers = [found(soft_token, algorithm) for algorithm in ALGORITHMS] * 4
    with ThreadPoolExecutor(4) as pool:
        signatures = list(pool.map(lambda signer: signer.sign(b"m"), signers))
    for signer, signature in zip(signers, signatures, strict=True):
        signer.public.check(signature, b"m")


def test_the_pin_does_not_show(soft_token: SoftToken) -> None:
    assert "pin" not in repr(found(soft_token, keys.ED25519))


def test_a_checkpoint_whose_ed25519_key_is_in_the_token(soft_token: SoftToken) -> None:
    ml_dsa_44 = KeyPair.generate().ml_dsa_44
    log = CheckpointSigner.of("example.org/log", found(soft_token, keys.ED25519), ml_dsa_44)
    readers = LogKeys.parse(log.keys.vkeys())
    for size in (1, 2):
        note = log.sign(size=size, root=bytes(32), at=NOW + dt.timedelta(seconds=size))
        assert open_checkpoint(note, keys=readers).size == size
    with pytest.raises(InputError) as caught:
        log.to_pem(None)
    assert refusal_of(caught) == "key-malformed"
    with pytest.raises(InputError) as caught:
        CheckpointSigner.of("example.org/log", found(soft_token, keys.ECDSA_P256), ml_dsa_44)
    assert refusal_of(caught) == "key-malformed"
