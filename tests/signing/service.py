"""A key service as a program: reads a message on stdin, writes a signature on stdout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from attest.signing import KeySigner

_CODE: Final = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature, encode_dss_signature)

key = serialization.load_pem_private_key(Path(sys.argv[1]).read_bytes(), None)
message = sys.stdin.buffer.read()
if isinstance(key, ec.EllipticCurvePrivateKey):
    size = key.key_size // 8
    hash_ = hashes.SHA256() if size == 32 else hashes.SHA384()
    signature = key.sign(message, ec.ECDSA(hash_))
    r, s = decode_dss_signature(signature)
    order = int(sys.argv[3])
    if sys.argv[2] == "der":  # as services do that know no low s
        signature = encode_dss_signature(r, max(s, order - s))
    else:
        signature = r.to_bytes(size, "big") + min(s, order - s).to_bytes(size, "big")
else:
    signature = key.sign(message)
sys.stdout.buffer.write(signature)
"""


def key_service(folder: Path, signer: KeySigner, form: str) -> tuple[str, ...]:
    """The command of a service that holds a signer's key and answers `raw` or in `der`."""
    from attest.keys import CURVES

    (folder / "service.py").write_text(_CODE)
    (folder / "service.key").touch(mode=0o600)
    (folder / "service.key").write_bytes(signer.to_pem(None))
    curve = CURVES.get(signer.algorithm)
    order = "0" if curve is None else str(curve.order)
    return (sys.executable, str(folder / "service.py"), str(folder / "service.key"), form, order)
