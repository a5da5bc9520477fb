"""Bodies for a log: of the right shape for their kind, with the references that SPEC 12.6 wants.

>>> try:
...     check_body("keyset", b"{}")
... except InputError as error:
...     error.code
'schema-violation'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from attest import encoding, schemas
from attest.cli.documents import loads, unverified_payload
from attest.cli.statements import check_statement
from attest.encoding import Json
from attest.errors import InputError
from attest.log.entry import parse_entry
from attest.log.store import LogStore
from attest.log.writer import Draft
from attest.mandate import open_mandate
from attest.models import (
    ACTIVATION_TYPE,
    DECISION_TYPE,
    KEYSET_CHANGE_TYPE,
    POLICY_TYPE,
    REVIEW_TYPE,
)
from attest.rules.pack import compile_pack
from attest.screening.snapshot import read_snapshot
from attest.trust import STANDING
from attest.walk import ACTS

_NAMED_BY_TRUST: Final[Mapping[str, str]] = {
    "keyset": "keysets",
    "mandate": "mandate",
    "pack": "packs",
    "schema": "schemas",
    "list": "lists",
}
_STATEMENT_OF: Final[Mapping[str, str]] = {
    "activation": ACTIVATION_TYPE,
    "decision": DECISION_TYPE,
    "keyset-change": KEYSET_CHANGE_TYPE,
    "policy": POLICY_TYPE,
    "review": REVIEW_TYPE,
}


def check_body(kind: str, raw: bytes) -> None:
    """Hold a body to the shape of its kind.

    Raises:
        InputError: schema-violation, not-found (not a released schema), the json codes.
        RuleError: a pack that does not compile.
        TrustError: a mandate that does not open.
    """
    if kind == "pack":
        compile_pack(raw)
    elif kind == "mandate":
        open_mandate(raw)
    elif kind == "schema":
        if raw not in schemas.SCHEMAS.values():
            raise InputError("not-found", "not a schema that this version releases")
    elif kind == "list":
        read_snapshot(raw)
    elif kind in ("keyset", "trust"):
        schemas.validate(kind, encoding.loads(raw))
    elif kind == "submission":
        document = loads(raw)
        bare = isinstance(document, dict) and "envelopes" not in document
        schemas.validate("envelope" if bare else "submission", document)
    else:
        check_statement(_payload(raw), _STATEMENT_OF[kind])


def _payload(raw: bytes) -> Json:
    return loads(unverified_payload(loads(raw)))


@dataclass
class Shelf:
    """What a log holds, as far as new entries refer to it; grows with each draft."""

    size: int
    public: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, int] = field(default_factory=dict)
    trust: tuple[int, dict[str, tuple[int, ...]]] | None = None
    last_kind: str = ""

    @staticmethod
    def of(store: LogStore, size: int) -> Shelf:
        """Read a whole log once."""
        shelf = Shelf(0)
        for stored in store.entries(0, size):
            entry = parse_entry(stored.entry)
            shelf._note(entry.kind, stored.body, dict(entry.refs))
        return shelf

    def drafts(self, bodies: Iterable[tuple[str, bytes]]) -> list[Draft]:
        """Drafts of one batch with their references.

        Raises:
            InputError: not-found (something that one refers to is not in the log, or a submission
                and its decision do not stand together).
        """
        drafts = [self._draft(kind, body) for kind, body in bodies]
        if self.last_kind == "submission":
            raise InputError(
                "not-found", "a submission needs its decision after it, in the same call"
            )
        return drafts

    def _draft(self, kind: str, body: bytes) -> Draft:
        if (kind == "decision") != (self.last_kind == "submission"):
            raise InputError("not-found", "a decision, and nothing else, follows its submission")
        refs = self._references(kind, body)
        self._note(kind, body, refs)
        return Draft(kind, body, refs)

    def _references(self, kind: str, body: bytes) -> dict[str, tuple[int, ...]]:
        if kind == "trust":
            document = encoding.loads(body)
            named = {
                one: self._indices([named] if isinstance(named, str) else named)
                for one, member in _NAMED_BY_TRUST.items()
                if (named := document.get(member))
            }
            act = self.last_kind if self.last_kind in ACTS else None
            return {**named, **({} if act is None else {act: (self.size - 1,)})}
        if kind not in ("decision", "policy", "review"):
            return {}
        if self.trust is None:
            raise InputError("not-found", f"a {kind} needs a trust entry before it")
        index, below = self.trust
        below = {name: named for name, named in below.items() if name in STANDING}
        if kind == "policy":
            return {"trust": (index,)}
        if kind == "decision":
            return {"submission": (self.size - 1,), "trust": (index,), **below}
        digest = _payload(body)["predicate"]["decision"]
        if digest not in self.decisions:
            raise InputError("not-found", "the log does not hold the reviewed decision")
        return {"decision": (self.decisions[digest],), "trust": (index,), **below}

    def _indices(self, digests: list[str]) -> tuple[int, ...]:
        if not all(digest in self.public for digest in digests):
            raise InputError("not-found", "the log lacks a document that the trust names")
        return tuple(sorted(self.public[digest] for digest in digests))

    def _note(self, kind: str, body: bytes, refs: dict[str, tuple[int, ...]]) -> None:
        if kind in _NAMED_BY_TRUST:
            self.public.setdefault(encoding.digest(body), self.size)
        elif kind == "trust":
            self.trust = (self.size, refs)
        elif kind == "decision":
            digest = encoding.digest(unverified_payload(loads(body)))
            self.decisions.setdefault(digest, self.size)
        self.last_kind = kind
        self.size += 1
