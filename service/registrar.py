"""The registrar: submissions in, decisions recorded. The synchronous heart of the service.

It has a batch decided, seals each decision and appends submissions and decisions in one commit;
only then is there an answer. A submission is known by the digest of its bytes: the same bytes get
the same decision for ever. A `Registrar` is used by one thread.

Submissions are decided as if the log were empty, by worker processes if there are some, and sealed.
Then the registrar takes its turn, in which no other process records: what another one has recorded
meanwhile is found, and where the past makes it another decision, by the log or by an earlier
submission of the batch, the registrar decides again, with what it knows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from attest.decision import Decided
from attest.encoding import digest
from attest.envelope import EnrolledKey, seal
from attest.errors import AttestError, InputError, LogError, TrustError
from attest.log.writer import Draft, LogWriter
from attest.review import open_review
from attest.signing import Signer
from attest.trust import Trust
from service.deciders import DeciderPool, decide_apart, decide_one
from service.keyset_changes import KeysetsChanged, change_keysets
from service.past import Past, clearance_labels
from service.records import Item, Recorded, Records, label, payload_of, predicate_of
from service.standing import Standing, active_snapshot, active_standing

HARMLESS = frozenset({"clock-backwards", "commitment-mismatch"})
"""The codes of log errors that concern one request and leave the store as it was."""


@dataclass(frozen=True)
class Reviewed:
    """A review with its entry; `replayed` when the same bytes were recorded before."""

    submission_id: str
    review: Item
    action: str
    replayed: bool


@dataclass(frozen=True)
class _Sealed:
    submission_id: str
    raw: bytes
    decided: Decided
    envelope: bytes


_Apart = _Sealed | tuple[str, AttestError]
"""What was decided as if the log were empty, sealed; or the identifier and what went wrong."""


class Registrar:
    """Records submissions with their decisions, reviews and keyset changes (see the module)."""

    def __init__(
        self,
        *,
        writer: LogWriter,
        records: Records,
        standing: Standing,
        signer: Signer,
        deciders: DeciderPool | None = None,
    ) -> None:
        """Take over a log; `records` reads the store that `writer` writes.

        Without `deciders` it decides by itself; with them, they work under `standing` too.

        Raises:
            TrustError: unknown-key (the signer's key is not enrolled), key-purpose (it is not a
                decision key of the foundry), key-revoked.
            LogError: log-stopped (the standing is not the newest one).
        """
        self._writer = writer
        self._records = records
        self._standing = standing
        self._signer = signer
        self._deciders = deciders
        self._key = decision_key(signer, standing.trust)
        self._snapshots, index = active_snapshot(records)
        if (index,) != standing.refs["trust"]:
            raise _other_rules()

    @property
    def standing(self) -> Standing:
        """What decisions rest on; may be asked from any thread."""
        return self._standing

    def signs(self, at: dt.datetime) -> bool:
        """Whether the key that signs decisions counts at an instant, by its certificates too."""
        record = self._key.record
        if record.revoked is not None or not record.valid_from <= at <= record.valid_until:
            return False
        try:
            if self._key.path is not None:
                self._key.path.check(at)
        except TrustError:
            return False
        return True

    def newest(self) -> dt.datetime | None:
        """The time of the log's newest entry; may be asked from any thread."""
        return self._writer.head.time

    def register(self, raws: Sequence[bytes], at: dt.datetime) -> list[Recorded | AttestError]:
        """Record submissions received at an instant; one outcome for each, in order.

        An error among the outcomes means that nothing was recorded for that submission:
        InputError of steps 1 and 2, not-ready; InternalError internal; LogError clock-backwards,
        commitment-mismatch.
        Anything raised means that the state of the store is not known.

        Raises:
            LogError: log-stopped (among others: other rules are in force); head-moved and whatever
                else the store fails with.
        """
        ids = [digest(raw) for raw in raws]
        outcomes = self._known(ids)
        fresh = {name: raw for name, raw in zip(ids, raws, strict=True) if name not in outcomes}
        if fresh and not self.signs(at):
            error = InputError("not-ready", "the decision key is revoked or outside its validity")
            outcomes |= dict.fromkeys(fresh, error)
        elif fresh:
            apart = self._decide_apart(fresh, at)
            with self._turn() as moved:
                if moved:
                    outcomes |= self._known(fresh)
                unknown = [each for name, each in apart.items() if name not in outcomes]
                outcomes |= self._register_fresh(unknown, at)
        return _in_order(ids, outcomes)

    def catch_up(self) -> None:
        """See what other processes have recorded.

        Raises:
            LogError: what a turn raises.
        """
        with self._turn():
            pass

    def review(self, submission_id: str, raw: bytes, at: dt.datetime) -> Reviewed:
        """Record a review of a decision, received at an instant.

        Raises:
            InputError: not-found, and what `open_review` raises.
            TrustError: what `open_review` raises.
            LogError: clock-backwards; head-moved and whatever else the store fails with.
        """
        with self._turn():
            return self._review(submission_id, raw, at)

    def _review(self, submission_id: str, raw: bytes, at: dt.datetime) -> Reviewed:
        recorded = self._records.lookup(submission_id)
        name = digest(raw)
        known = self._records.find("review-body", submission_id, name)
        if known is not None:
            item = self._records.item(known)
            return Reviewed(submission_id, item, predicate_of(item.body)["action"], replayed=True)
        opened = open_review(
            raw,
            trust=self._standing.trust,
            at=at,
            decision=payload_of(recorded.decision.body),
            closed=any(predicate_of(item.body)["action"] != "ask" for item in recorded.reviews),
        )
        index = self._writer.head.size
        refs = {"decision": (recorded.decision.index,), **self._standing.refs}
        number = str(len(recorded.reviews) + 1)
        self._writer.append(
            [Draft(kind="review", body=raw, refs=refs)],
            at=at,
            labels=[
                (label("review", submission_id, number), index),
                (label("review-body", submission_id, name), index),
                *((each, index) for each in clearance_labels(self._records, opened)),
            ],
        )
        item = self._records.item(index)
        return Reviewed(submission_id, item, opened.review.action, replayed=False)

    def change_keysets(self, raw: bytes, at: dt.datetime) -> KeysetsChanged:
        """Record a keyset change, received at an instant; what follows rests on the new snapshot.

        Raises:
            InputError, TrustError: what `service.keyset_changes.change_keysets` raises.
            LogError: clock-backwards; log-stopped, head-moved and whatever else the store fails
                with.
        """
        with self._turn():
            changed = change_keysets(self._writer, self._records, change=raw, at=at)
            if not changed.replayed:
                self._renew()
        return changed

    def _renew(self) -> None:
        """Go on under the newest snapshot; nothing may go on under the one before it."""
        try:
            self._standing = active_standing(self._records).screening_as(self._standing)
            self._snapshots, _ = active_snapshot(self._records)
        except AttestError:
            raise LogError("log-stopped", "the new trust snapshot cannot be read") from None
        keys = self._standing.trust.ring.keys
        self._key = keys.get(self._signer.keyid, self._key)
        if self._deciders is not None:
            self._deciders.renew(self._standing.snapshot, self._standing.bodies)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """A turn at the log: whether more of it is signed than this process had seen before."""
        before = self._writer.head.signed
        with self._writer.turn():
            if self._records.find("trust", str(self._snapshots + 1)) is not None:
                raise _other_rules()
            yield self._writer.head.signed != before

    def _known(self, ids: Iterable[str]) -> dict[str, Recorded | AttestError]:
        known: dict[str, Recorded | AttestError] = {}
        for _, submission_id in self._records.find_all(("submission", each) for each in ids):
            try:
                recorded = self._records.lookup_briefly(submission_id)
            except LogError as error:
                if error.code not in HARMLESS:
                    raise
                known[submission_id] = error
            else:
                if recorded is not None:
                    known[submission_id] = recorded
        return known

    def _decide_apart(self, fresh: Mapping[str, bytes], at: dt.datetime) -> dict[str, _Apart]:
        raws = [*fresh.values()]
        if self._deciders is None:
            decided = decide_apart(raws, trust=self._standing.trust, at=at)
        else:
            decided = self._deciders.decide_all(raws, at)
        return {
            name: self._sealed(name, raw, outcome)
            for (name, raw), outcome in zip(fresh.items(), decided, strict=True)
        }

    def _sealed(self, submission_id: str, raw: bytes, outcome: Decided | AttestError) -> _Apart:
        if isinstance(outcome, AttestError):
            return submission_id, outcome
        return _Sealed(submission_id, raw, outcome, seal(outcome.payload, [self._signer]))

    def _register_fresh(
        self, apart: Sequence[_Apart], at: dt.datetime
    ) -> dict[str, Recorded | AttestError]:
        past = Past(self._records, [each.decided for each in apart if isinstance(each, _Sealed)])
        outcomes: dict[str, Recorded | AttestError] = {}
        sealed: list[_Sealed] = []
        for each in apart:
            if isinstance(each, _Sealed) and past.touches(each.decided):
                again = decide_one(each.raw, trust=self._standing.trust, at=at, prior=past.prior)
                each = self._sealed(each.submission_id, each.raw, again)
            if isinstance(each, _Sealed):
                past.add(each.decided)
                sealed.append(each)
            else:
                outcomes[each[0]] = each[1]
        if sealed:
            outcomes |= self._record(sealed, at, past.labelled)
        return outcomes

    def _record(
        self, sealed: Sequence[_Sealed], at: dt.datetime, labelled: Mapping[bytes, int]
    ) -> Mapping[str, Recorded | AttestError]:
        first = self._writer.head.size
        drafts: list[Draft] = []
        labels = [(name, first + 2 * position + 1) for name, position in labelled.items()]
        for position, each in enumerate(sealed):
            index = first + 2 * position
            refs = {"submission": (index,), **self._standing.refs}
            drafts.append(Draft(kind="submission", body=each.raw, refs={}))
            drafts.append(Draft(kind="decision", body=each.envelope, refs=refs))
            labels.append((label("submission", each.submission_id), index))
        try:
            appended = self._writer.append(drafts, at=at, labels=labels)
        except LogError as error:
            if error.code in HARMLESS:
                return {each.submission_id: error for each in sealed}
            raise
        return {
            each.submission_id: Recorded(
                submission_id=each.submission_id,
                submission_index=first + offset - 1,
                decision=Item(
                    index=first + offset,
                    entry=appended.entries[offset],
                    salt=appended.salts[offset],
                    body=each.envelope,
                    tlog_proof=appended.prove(first + offset),
                ),
                verdict=each.decided.verdict,
                refusal_code=each.decided.refusal_code,
                replayed=False,
            )
            for offset, each in zip(range(1, len(drafts), 2), sealed, strict=True)
        }


def decision_key(signer: Signer, trust: Trust) -> EnrolledKey:
    """The enrolled record of the key that signs decisions.

    Raises:
        TrustError: unknown-key, key-purpose (not a decision key of the foundry), key-revoked.
    """
    key = trust.ring.keys.get(signer.keyid)
    if key is None:
        raise TrustError("unknown-key", "the decision key is in no keyset of the trust snapshot")
    if key.party != trust.foundry or key.record.purpose != "decision":
        raise TrustError("key-purpose", "the key is not a decision key of the foundry")
    if key.record.revoked is not None:
        raise TrustError("key-revoked", "the decision key is revoked")
    return key


def _other_rules() -> LogError:
    return LogError("log-stopped", "other rules were put in force; start again under them")


def _in_order(
    ids: Sequence[str], outcomes: Mapping[str, Recorded | AttestError]
) -> list[Recorded | AttestError]:
    seen: set[str] = set()
    ordered: list[Recorded | AttestError] = []
    for submission_id in ids:
        outcome = outcomes[submission_id]
        if submission_id in seen and isinstance(outcome, Recorded):
            outcome = replace(outcome, replayed=True)
        seen.add(submission_id)
        ordered.append(outcome)
    return ordered
