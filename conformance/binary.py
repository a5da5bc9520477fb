"""Bytes in vectors: base64, or a reference to bytes that several vectors share.

    "b2xkIDAK"                                              base64
    {"document": "sha256:…"}                                the file documents/<64 hex digits>
    {"pieces": ["b2xk", {"document": "sha256:…", "from": 0, "to": 17},
                {"repeat": "IwA=", "times": 9}]}            one after the other

`expand` turns all forms into base64, so that a program under test sees nothing else.

>>> expand({"raw": {"pieces": ["YQ==", {"repeat": "YmM=", "times": 2}]}}, read=bytes)
{'raw': 'YWJjYmM='}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from attest.encoding import Json, decode_base64, digest, encode_base64

Reader = Callable[[str], bytes]
"""From the digest of a document to its bytes."""

BLOCK = 32
SHARED_MIN = 128
"""A shared stretch shorter than this is written out, and so is what is shorter altogether."""


def file_of(folder: Path, name: str) -> Path:
    """Where the document of a digest lies, in the folder of all vectors."""
    return folder / "documents" / name.removeprefix("sha256:")


def reader(folder: Path) -> Reader:
    """Reads documents from the folder of all vectors, and refuses one that is another."""

    def read(name: str) -> bytes:
        raw = file_of(folder, name).read_bytes()
        if digest(raw) != name:
            raise ValueError(f"{name} has changed")
        return raw

    return read


def expand(value: Json, *, read: Reader) -> Json:
    """A value with base64 in the place of every document and of all pieces."""
    if isinstance(value, list):
        return [expand(item, read=read) for item in value]
    if not isinstance(value, dict):
        return value
    if "pieces" in value:
        return encode_base64(b"".join(_piece(piece, read) for piece in value["pieces"]))
    if "document" in value:
        return encode_base64(read(value["document"]))
    return {name: expand(member, read=read) for name, member in value.items()}


def _piece(piece: Json, read: Reader) -> bytes:
    if isinstance(piece, str):
        return decode_base64(piece)
    if "repeat" in piece:
        return decode_base64(piece["repeat"]) * int(piece["times"])
    return read(piece["document"])[piece["from"] : piece["to"]]


def repeated(start: bytes, unit: bytes, times: int, end: bytes = b"") -> Json:
    """Many times the same bytes between two others."""
    pieces = [encode_base64(start), {"repeat": encode_base64(unit), "times": times}]
    return {"pieces": [piece for piece in [*pieces, encode_base64(end)] if piece]}


class Documents:
    """The bytes that vectors share."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self._blocks: dict[bytes, tuple[str, int]] = {}

    def share(self, raw: bytes) -> Json:
        """Keep bytes as a document; the reference to it."""
        name = digest(raw)
        if name not in self.bodies:
            self.bodies[name] = raw
            for at in range(0, len(raw) - BLOCK + 1, BLOCK):
                self._blocks.setdefault(raw[at : at + BLOCK], (name, at))
        return {"document": name}

    def write(self, raw: bytes) -> Json:
        """Bytes in the shortest form: base64, a document, or pieces of documents and the rest."""
        if digest(raw) in self.bodies:
            return {"document": digest(raw)}
        plain = encode_base64(raw)
        pieces = {"pieces": list(self._pieces(raw))}
        return min(plain, pieces, key=lambda form: len(json.dumps(form, indent=1)))

    def write_lines(self, lines: Iterable[str]) -> Json:
        """Lines of text, shared as a document: verifier keys, which many vectors need."""
        return self.share("".join(f"{line}\n" for line in lines).encode())

    def _pieces(self, raw: bytes) -> Iterator[Json]:
        written = at = 0
        while at + BLOCK <= len(raw):
            found = self._blocks.get(raw[at : at + BLOCK])
            if found is None:
                at += 1
                continue
            name, place = found
            body = self.bodies[name]
            back = _common(raw[written:at][::-1], body[:place][::-1])
            start, end = place - back, place + _common(raw[at:], body[place:])
            if end - start < SHARED_MIN:
                at += 1
                continue
            if written < at - back:
                yield encode_base64(raw[written : at - back])
            yield {"document": name, "from": start, "to": end}
            written = at = at - back + end - start
        if written < len(raw):
            yield encode_base64(raw[written:])


def _common(one: bytes, other: bytes) -> int:
    """How many bytes two byte strings have in common from their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def documents_of(value: Json) -> set[str]:
    """The digests of the documents that a value refers to."""
    if isinstance(value, Mapping):
        named = {value["document"]} if isinstance(value.get("document"), str) else set()
        return named.union(*map(documents_of, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return set().union(*map(documents_of, value))
    return set()
