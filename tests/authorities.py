"""Timestamp authorities of the tests: one made here, for any time and any fault, and OpenSSL's.

`Authority.answer` writes a TimeStampResp of RFC 3161 byte by byte (CMS SignedData over a TSTInfo),
so that a test can have it lie. `OpensslAuthority` runs `openssl ts`, the program of others.
"""

from __future__ import annotations

import datetime as dt
import http.server
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

SHA256 = "2.16.840.1.101.3.4.2.1"
SHA512 = "2.16.840.1.101.3.4.2.3"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)


def der(tag: int, *parts: bytes) -> bytes:
    """A DER value: tag, length, contents."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray((40 * first + second,))
    for value in rest:
        groups = [value & 0x7F]
        while value := value >> 7:
            groups.append(0x80 | value & 0x7F)
        content += bytes(reversed(groups))
    return der(0x06, bytes(content))


def algorithm(dotted: str) -> bytes:
    return der(0x30, oid(dotted), der(0x05))


@dataclass(frozen=True)
class Certified:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certify(
    name: str,
    issuer: Certified | None = None,
    *,
    start: dt.datetime = START,
    end: dt.datetime = END,
    usage: ObjectIdentifier | None = None,
    critical: bool = True,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Certified:
    """Make a certificate: of a CA without `usage`, of an end entity with it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=critical)
    signer = issuer.key if issuer else key
    return Certified(builder.sign(signer, hashes.SHA256()), key)


@dataclass
class Authority:
    """A root, the certificate that signs below it, and what lies between."""

    root: Certified
    signer: Certified
    between: tuple[Certified, ...] = ()
    serial: int = field(default=1)

    @staticmethod
    def make(
        name: str = "Example Time",
        *,
        end: dt.datetime = END,
        usage: ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING,
        critical: bool = True,
    ) -> Authority:
        root = certify(name)
        return Authority(root, certify(f"{name} 1", root, end=end, usage=usage, critical=critical))

    def answer_request(self, request: bytes, *, at: dt.datetime) -> bytes:
        """The answer to a request for the SHA-256 of something."""
        start = request.index(b"\x04\x20") + 2
        return self.answer(b"", at=at, imprint=request[start : start + 32])

    def answer(
        self,
        data: bytes,
        *,
        at: dt.datetime,
        imprint: bytes | None = None,
        hash_algorithm: str = SHA256,
        status: int = 0,
        embed: bool = True,
    ) -> bytes:
        """The answer to a request for `data`."""
        self.serial += 1
        digest = sha256(data).digest() if imprint is None else imprint
        info = der(
            0x30,
            integer(1),
            oid("1.2.3.4.1"),
            der(0x30, algorithm(hash_algorithm), der(0x04, digest)),
            integer(self.serial),
            der(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
        )
        token = der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, self._signed(info, embed)))
        return der(0x30, der(0x30, integer(status)), token if status < 2 else b"")

    def _signed(self, info: bytes, embed: bool) -> bytes:
        certificate = self.signer.certificate
        raw = certificate.public_bytes(Encoding.DER)
        content = "1.2.840.113549.1.9.16.1.4"
        ess = der(0x30, der(0x30, der(0x30, der(0x04, sha256(raw).digest()))))
        attributes = sorted(
            der(0x30, oid(name), der(0x31, value))
            for name, value in (
                ("1.2.840.113549.1.9.3", oid(content)),
                ("1.2.840.113549.1.9.4", der(0x04, sha256(info).digest())),
                ("1.2.840.113549.1.9.16.2.47", ess),
            )
        )
        signature = self.signer.key.sign(der(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        embedded = sorted(
            each.certificate.public_bytes(Encoding.DER) for each in (self.signer, *self.between)
        )
        return der(
            0x30,
            integer(3),
            der(0x31, algorithm(SHA256)),
            der(0x30, oid(content), der(0xA0, der(0x04, info))),
            der(0xA0, *embedded) if embed else b"",
            der(
                0x31,
                der(
                    0x30,
                    integer(1),
                    der(
                        0x30,
                        certificate.issuer.public_bytes(),
                        integer(certificate.serial_number),
                    ),
                    algorithm(SHA256),
                    der(0xA0, *attributes),
                    der(0x30, oid("1.2.840.10045.4.3.2")),
                    der(0x04, signature),
                ),
            ),
        )


_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class OpensslAuthority:
    """The same certificates, used by `openssl ts`; its time is now."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        """Write its files into a folder."""
        self.root = authority.root
        self._folder = folder
        self._write("root.pem", authority.root.pem)
        self._write("tsa.pem", authority.signer.pem)
        self._write("tsa.key", authority.signer.key_pem())
        self._write("tsa.cnf", _CONFIG.format(folder=folder).encode())

    def _write(self, name: str, raw: bytes) -> None:
        (self._folder / name).write_bytes(raw)

    def _run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", "ts", *words], cwd=self._folder, capture_output=True)

    def query(self, data: bytes, digest: str = "sha256") -> bytes:
        """What `openssl ts -query` asks, nonce and all."""
        self._write("data", data)
        done = self._run("-query", "-data", "data", f"-{digest}", "-cert", "-out", "q.tsq")
        assert done.returncode == 0, done.stderr
        return (self._folder / "q.tsq").read_bytes()

    def answer(self, request: bytes) -> bytes:
        """The answer of `openssl ts -reply`."""
        self._write("q.tsq", request)
        done = self._run(
            *("-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq"),
            *("-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "r.tsr"),
        )
        assert done.returncode == 0, done.stderr
        return (self._folder / "r.tsr").read_bytes()

    def accepts(self, token: bytes, data: bytes) -> bool:
        """Whether `openssl ts -verify` does."""
        self._write("r.tsr", token)
        self._write("data", data)
        done = self._run("-verify", "-data", "data", "-in", "r.tsr", "-CAfile", "root.pem")
        return done.returncode == 0


@contextmanager
def answering(
    answer: Callable[[bytes], bytes],
    *,
    status: int = 200,
    media_type: str = "application/timestamp-reply",
) -> Iterator[str]:
    """A server of one authority; gives its address. It answers only what RFC 3161 asks."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["content-type"] != "application/timestamp-query":
                self.send_error(415)
                return
            body = answer(request)
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:  # the client had enough
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()
