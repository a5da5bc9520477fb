"""What a key had signed: every statement in a log that needs another look once it is compromised.

    1 integrity: signatures, chain, tree, commitments, nothing missing    `attest.log.check`
    2 the key: its record, from a keyset that the log holds
    3 every entry from an instant of the log on: does one of its signatures verify under the key?

A key hint narrows and proves nothing, so each signature that names the key or none is verified.
Whether the recorded decisions are right is for `attest.replay`; it makes those of a stolen decision
key again from what was submitted, and nothing of them has to be believed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from attest import encoding, limits, schemas
from attest.encoding import Json
from attest.envelope import EnrolledKey, KeyRing, pae
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.checkpoint import Checkpoint, LogKeys
from attest.log.entry import Entry, parse_entry
from attest.log.source import Source, open_source
from attest.log.store import StoredEntry
from attest.models import DECLARATION_TYPE
from attest.recorded import read_decision
from attest.trust import open_keyset
from attest.walk import located

SIGNED_KINDS: Final = frozenset(
    {"submission", "decision", "review", "activation", "keyset-change", "policy"}
)
ENTRIES_TOLD: Final = 1024
"""After how many entries progress is told."""


@dataclass(frozen=True)
class Signed:
    """An entry with statements that the key signed.

    `types` are their predicate types; `product` and `tape_out_id` those of the declaration that it
    belongs to, `decision` the entry of the decision, with `verdict` and, of a refusal, its code;
    `action` is that of a review. `let_go`: the decision is PASS, or HOLD and was released.
    """

    entry: int
    time: dt.datetime
    kind: str
    types: tuple[str, ...]
    product: str | None = None
    tape_out_id: str | None = None
    decision: int | None = None
    verdict: str | None = None
    refusal: str | None = None
    action: str | None = None
    let_go: bool = False


@dataclass(frozen=True)
class Impact:
    """What was found, relative to a checkpoint; `key` is the newest record of the key."""

    checkpoint: Checkpoint
    key: EnrolledKey
    signed: tuple[Signed, ...]


def impact(
    place: Path,
    keyid: str,
    *,
    since: dt.datetime,
    log_keys: LogKeys,
    progress: Callable[[int], None] | None = None,
) -> Impact:
    """Find what a key signed in a log: an export's folder, or the file of a store.

    Args:
        keyid: its identifier.
        since: entries dated earlier are passed over.
        progress: called with the number of entries just looked at.

    Raises:
        LogError: the log does not hold; `entry` names the first faulty entry.
        InputError: not-found (no keyset of the log has the key), file; a recorded document is not
            of its schema.
    """
    checkpoint, source = open_source(place, keys=log_keys)
    search = _Search(source, keyid)
    for number, stored in enumerate(source.entries(0, checkpoint.size), 1):
        entry = parse_entry(stored.entry)
        try:
            search.take(entry, stored, old=entry.time < since)
        except AttestError as error:
            raise located(error, entry.index) from None
        if progress is not None and number % ENTRIES_TOLD == 0:
            progress(ENTRIES_TOLD)
    if progress is not None:
        progress(checkpoint.size % ENTRIES_TOLD)
    if search.key is None:
        raise InputError("not-found", "no keyset of the log has a key of that identifier")
    return Impact(checkpoint, search.key, tuple(search.found.values()))


class _Search:
    """What is found so far, by entry."""

    def __init__(self, source: Source, keyid: str) -> None:
        self.key: EnrolledKey | None = None
        self.found: dict[int, Signed] = {}
        self._source = source
        self._keyid = keyid
        self._rest_on: dict[int, list[int]] = {}
        self._submission: tuple[int, bytes] = (-1, b"")

    def take(self, entry: Entry, stored: StoredEntry, *, old: bool) -> None:
        body = stored.body
        if entry.kind == "keyset" and self._keyid.encode() in body:
            self.key = KeyRing.of([open_keyset(body)]).keys.get(self._keyid, self.key)
        if entry.kind == "submission":
            self._submission = entry.index, body
        if old or entry.kind not in SIGNED_KINDS:
            return
        if entry.kind == "decision" and entry.index - 1 in self.found:
            self._note(entry.index - 1, entry.index, body)
        types = self._types(body)
        if types:
            self.found[entry.index] = Signed(entry.index, entry.time, entry.kind, types)
            self._place(entry, body)
        if entry.kind == "review":
            self._release(entry, body)

    def _release(self, review: Entry, body: bytes) -> None:
        """What rests on a decision that is released is let go."""
        resting = self._rest_on.get(_reviewed(review), ())
        if resting and _predicate(body).get("action") == "release":
            for index in resting:
                self.found[index] = replace(self.found[index], let_go=True)

    def _place(self, entry: Entry, body: bytes) -> None:
        """Name the product and the decision that an entry belongs to."""
        if entry.kind == "submission":
            self._name(entry.index, body)
        elif entry.kind == "decision":
            self._name(entry.index, self._submission[1])
            self._note(entry.index, entry.index, body)
        elif entry.kind == "review":
            decision = _reviewed(entry)
            submitted, decided = self._source.entries(decision - 1, decision + 1)
            self._name(entry.index, submitted.body)
            self._note(entry.index, decision, decided.body)
            action = _predicate(body).get("action")
            self.found[entry.index] = replace(self.found[entry.index], action=action)

    def _name(self, index: int, submission: bytes) -> None:
        product = _product(submission)
        if product is not None:
            self.found[index] = replace(
                self.found[index], product=product["name"], tape_out_id=product["tape_out_id"]
            )

    def _note(self, index: int, decision: int, body: bytes) -> None:
        (envelope,) = _envelopes(body)
        payload = encoding.decode_base64(envelope["payload"], url_safe=True)
        decided = read_decision(payload)["predicate"]
        self._rest_on.setdefault(decision, []).append(index)
        self.found[index] = replace(
            self.found[index],
            decision=decision,
            verdict=decided["verdict"],
            refusal=decided.get("refusal", {}).get("code"),
            let_go=decided["verdict"] == "PASS",
        )

    def _types(self, body: bytes) -> tuple[str, ...]:
        """The types of the statements in a body that the key signed."""
        bare = body.count(b'"keyid"') < body.count(b'"sig"')
        if self.key is None or not (self._keyid.encode() in body or bare or b"\\" in body):
            return ()
        return tuple(
            _type(encoding.decode_base64(each["payload"], url_safe=True))
            for each in _envelopes(body)
            if _is_signed_by(each, self.key)
        )


def _reviewed(review: Entry) -> int:
    decision = review.refs.get("decision", ())
    if len(decision) != 1 or decision[0] < 1:
        raise LogError("reference-broken", "does not rest on one decision", entry=review.index)
    return decision[0]


def _is_signed_by(envelope: Json, key: EnrolledKey) -> bool:
    message = pae(
        envelope["payloadType"], encoding.decode_base64(envelope["payload"], url_safe=True)
    )
    for signature in envelope["signatures"]:
        if signature.get("keyid", key.public.keyid) == key.public.keyid:
            try:
                raw = encoding.decode_base64(signature["sig"], url_safe=True)
                key.public.check(raw, message)
            except (InputError, TrustError):
                continue
            return True
    return False


def _envelopes(body: bytes) -> Iterator[Json]:
    document = _loads(body)
    if isinstance(document, dict) and "envelopes" in document:
        schemas.validate("submission", document)
        yield from document["envelopes"]
    else:
        schemas.validate("envelope", document)
        yield document


def _statement(payload: bytes) -> dict[str, Json]:
    """The statement in a payload; nothing for what is none, which a submission may hold."""
    try:
        statement = _loads(payload)
        schemas.validate("statement", statement)
    except InputError:
        return {}
    return dict(statement)


def _type(payload: bytes) -> str:
    return str(_statement(payload).get("predicateType", ""))


def _predicate(envelope: bytes) -> dict[str, Json]:
    (document,) = _envelopes(envelope)
    payload = encoding.decode_base64(document["payload"], url_safe=True)
    return dict(_statement(payload).get("predicate", {}))


def _product(submission: bytes) -> dict[str, Json] | None:
    for envelope in _envelopes(submission):
        statement = _statement(encoding.decode_base64(envelope["payload"], url_safe=True))
        if statement.get("predicateType") == DECLARATION_TYPE and schemas.is_valid(
            "declaration", statement["predicate"]
        ):
            return dict(statement["predicate"]["product"])
    return None


def _loads(raw: bytes) -> Json:
    return encoding.loads(
        raw, bytes_max=limits.CASEFILE_BYTES_MAX, string_bytes_max=limits.CASEFILE_BYTES_MAX
    )
