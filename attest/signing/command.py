"""A signer behind a command: any key service that a program can ask.

    argv           the program by its full path, and its arguments; no shell reads them
    stdin          the bytes to sign
    stdout         the signature and nothing else, raw as in SPEC 2.2, or DER where the key is ECDSA
    exit code      0

What the command writes to stderr is dropped, so that nothing of it reaches a log or a terminal
unseen. A signature leaves here only when it holds under the public key that was declared.

>>> from attest.signing import generate_private_key, signer_of
>>> public = signer_of(generate_private_key("ed25519")).public
>>> signer = CommandSigner(public=public, argv=("/bin/cat",), seconds_max=10)
>>> signer.sign(b"message")
Traceback (most recent call last):
attest.errors.RemoteError: signer: what the command returned is no signature by the declared key
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass

from attest.errors import RemoteError, TrustError
from attest.keys import CURVES, PublicKey
from attest.signing import ecdsa_signature


@dataclass(frozen=True)
class CommandSigner:
    """A signer that runs a command for each signature; `der` where it answers ECDSA in DER."""

    public: PublicKey
    argv: tuple[str, ...]
    seconds_max: int
    der: bool = False

    @property
    def keyid(self) -> str:
        """The digest of the public key's SPKI."""
        return self.public.keyid

    def sign(self, message: bytes) -> bytes:
        """Have the command sign, and check that it did.

        Raises:
            RemoteError: signer (it cannot be run, takes too long, fails, or did not sign this).
        """
        signature = self._run(message)
        try:
            if self.der:
                signature = ecdsa_signature(signature, CURVES[self.public.algorithm])
            self.public.check(signature, message)
        except (ValueError, TrustError):
            raise RemoteError(
                "signer", "what the command returned is no signature by the declared key"
            ) from None
        return signature

    def _run(self, message: bytes) -> bytes:
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list from the operator's file
                self.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            why = (error.strerror or "unknown").lower()
            raise RemoteError("signer", f"the command cannot be run: {why}") from None
        with process:
            try:
                signature, _ = process.communicate(message, timeout=self.seconds_max)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise RemoteError(
                    "signer", f"the command took longer than {self.seconds_max} s"
                ) from None
        if process.returncode != 0:
            raise RemoteError("signer", f"the command failed with exit code {process.returncode}")
        return signature
