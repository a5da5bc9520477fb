"""Walking a log in order: what each entry may rest on, and what is left to decide again.

A walk looks at every entry once, with its body, and opens the public documents. It checks the order
of SPEC 12 and leaves a plan: pieces of decisions to make again, reviews to open again.

    genesis      names this log and its foundry; entry 0; rests on nothing
    schema       is one of this version's; rests on nothing
    pack         compiles; rests on nothing
    keyset       follows its schema; rests on nothing
    list         follows its schema, in canonical form; rests on nothing
    mandate      opens; rests on nothing
    activation   signed by enough people under the newest trust; the trust that it names follows
    keyset-change    likewise
    trust        opens, is the foundry's, rests on exactly the documents that it names; every one
                 but the first rests on the activation or keyset change before it
    policy       signed by enough people under the newest trust; rests on that trust alone
    submission   rests on nothing; its bytes were not recorded before; a decision follows at once
    decision     rests on that submission and the newest trust with its keysets and packs
    review       rests on one decision and the newest trust; its bytes were not recorded before

A fault does not end a walk with nothing: the plan holds what came before it, so that a decision
that was wrong earlier is named first.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Final

from attest import encoding, schemas
from attest.activation import check_activated, open_activation
from attest.decision import Prior
from attest.errors import AttestError, LogError, TrustError
from attest.keyset_change import check_changed, open_keyset_change
from attest.log.entry import Entry, parse_entry
from attest.log.export import Export
from attest.log.merkle import leaf_hash
from attest.mandate import open_mandate
from attest.recorded import (
    check_decision_entry,
    check_review_entry,
    clearances_of,
    supersession_of,
)
from attest.screened import NOTHING_CLEARED, Clearance, Pair
from attest.screening.names import Used
from attest.screening.snapshot import read_snapshot
from attest.trust import STANDING, Trust, load_trust, open_keyset, open_pack
from attest.witnessing import OpenedPolicy, open_policy

PIECE_DECISIONS: Final = 256
DOCUMENTS: Final = (*STANDING, "schema")
ACTS: Final = ("activation", "keyset-change")
"""The kinds of entries that a trust snapshot follows."""
Supersession = tuple[str, str]


@dataclass(frozen=True)
class Piece:
    """Decisions to make again under the trust of entry `trust`.

    `starts` are the indices of their submissions, `superseded` what had been superseded before, and
    `superseding` what a decision in it is the first to supersede, with its number in the piece.
    `cleared` is what reviews before it had cleared.
    """

    trust: int
    starts: tuple[int, ...]
    superseded: frozenset[Supersession]
    superseding: Mapping[Supersession, int]
    cleared: Mapping[Pair, Clearance]

    def before(self, number: int) -> Prior:
        """What a decision in the piece was to know of the log before it."""
        return Prior(_Before(self, number), self.cleared)


class _Before(Container[Supersession]):
    """See `Piece.before`."""

    def __init__(self, piece: Piece, number: int) -> None:
        self._piece = piece
        self._number = number

    def __contains__(self, pair: object) -> bool:
        superseding: Mapping[Any, int] = self._piece.superseding
        return pair in self._piece.superseded or superseding.get(pair, self._number) < self._number


@dataclass(frozen=True)
class ReviewEntry:
    """A review to open again: its entry, the decision's, the trust's."""

    index: int
    decision: int
    trust: int


@dataclass
class Plan:
    """What a walk leaves to do, and the fault at which it ended, if any.

    `trusts` and `policies` map the entries of trust snapshots and of policies to what they opened
    to.
    """

    trusts: dict[int, Trust] = field(default_factory=dict)
    policies: dict[int, OpenedPolicy] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    reviews: list[ReviewEntry] = field(default_factory=list)
    fault: AttestError | None = None


def walk(export: Export, *, origin: str) -> Plan:
    """Walk an export whose integrity is checked; the fault is in the plan, with its entry."""
    steps = _Walk(origin)
    try:
        for stored in export.entries(0, export.checkpoint.size):
            steps.take(parse_entry(stored.entry), leaf_hash(stored.entry), stored.body)
        steps.end()
    except AttestError as error:
        steps.plan.fault = located(error, steps.index)
    steps.cut()
    return steps.plan


def located(error: AttestError, index: int) -> AttestError:
    """The error with the entry at which it arose."""
    at = index if error.entry is None else error.entry
    return type(error)(error.code, error.detail, pointer=error.pointer, entry=at)


class _Walk:
    """Where a walk stands: the newest trust, an undecided submission, the piece that is open."""

    def __init__(self, origin: str) -> None:
        self.plan = Plan()
        self.index = 0
        self._origin = origin
        self._foundry = ""
        self._public: dict[str, dict[int, str]] = {kind: {} for kind in DOCUMENTS}
        self._bodies: dict[str, bytes] = {}
        self._lists: dict[str, Used] = {}
        self._trust: Entry | None = None
        self._act: tuple[Entry, Callable[..., None]] | None = None
        self._submission: tuple[Entry, bytes] | None = None
        self._seen: set[bytes] = set()
        self._superseding: dict[Supersession, int] = {}
        self._before: frozenset[Supersession] = frozenset()
        self._cleared: Mapping[Pair, Clearance] = NOTHING_CLEARED
        self._starts: list[int] = []
        self._take: Mapping[str, Callable[[Entry, bytes], None]] = {
            "genesis": self._genesis,
            "schema": self._schema,
            "pack": self._pack,
            "keyset": self._keyset,
            "list": self._list,
            "mandate": self._mandate,
            "activation": self._activation,
            "keyset-change": self._keyset_change,
            "trust": self._snapshot,
            "policy": self._policy,
            "decision": self._decision,
            "review": self._review,
        }

    def take(self, entry: Entry, leaf: bytes, body: bytes) -> None:
        """Check the next entry, of that leaf hash and body, against those before it."""
        self.index = entry.index
        if (self._submission is None) is (entry.kind == "decision"):
            self.end()
            raise LogError("reference-broken", "a decision follows its submission")
        if self._act is not None and entry.kind != "trust":
            raise LogError("reference-broken", "an act is followed by its trust snapshot")
        if entry.kind == "submission":
            _rests_on_nothing(entry)
            self._once(b"submission", body)
            self._submission = entry, leaf
            return
        self._take[entry.kind](entry, body)

    def end(self) -> None:
        """Check that no submission waits for its decision, and no act for its trust."""
        if self._act is not None:
            act, _ = self._act
            raise LogError("reference-broken", "no trust snapshot follows it", entry=act.index)
        if self._submission is not None:
            entry, _ = self._submission
            raise LogError("decision-missing", "no decision follows it", entry=entry.index)

    def cut(self) -> None:
        """End the open piece."""
        if self._trust is not None and self._starts:
            starts = tuple(self._starts)
            piece = Piece(self._trust.index, starts, self._before, self._superseding, self._cleared)
            self.plan.pieces.append(piece)
            self._before |= piece.superseding.keys()
        self._starts, self._superseding = [], {}

    def _once(self, scope: bytes, body: bytes) -> None:
        name = sha256(scope + b"\0" + body).digest()
        if name in self._seen:
            raise LogError("recorded-twice", "the same bytes were recorded before")
        self._seen.add(name)

    def _genesis(self, _: Entry, body: bytes) -> None:
        genesis = encoding.loads(body)
        named = genesis if isinstance(genesis, dict) else {}
        self._foundry = str(named.get("foundry"))
        if genesis != {"v": 1, "origin": self._origin, "foundry": named.get("foundry")}:
            raise LogError("reference-broken", "the genesis is of another log or form")

    def _schema(self, entry: Entry, body: bytes) -> None:
        _rests_on_nothing(entry)
        if body not in schemas.SCHEMAS.values():
            raise TrustError("trust-incomplete", "a schema is not one that this version has")
        self._publish(entry, body)

    def _pack(self, entry: Entry, body: bytes) -> None:
        _rests_on_nothing(entry)
        open_pack(body)
        self._publish(entry, body)

    def _keyset(self, entry: Entry, body: bytes) -> None:
        _rests_on_nothing(entry)
        open_keyset(body)
        self._publish(entry, body)

    def _list(self, entry: Entry, body: bytes) -> None:
        _rests_on_nothing(entry)
        snapshot = read_snapshot(body)
        self._public["list"][entry.index] = snapshot.digest
        self._lists[snapshot.digest] = Used.of(snapshot)

    def _publish(self, entry: Entry, body: bytes) -> None:
        name = encoding.digest(body)
        self._public[entry.kind][entry.index] = name
        self._bodies[name] = body

    def _mandate(self, entry: Entry, body: bytes) -> None:
        _rests_on_nothing(entry)
        open_mandate(body)
        self._publish(entry, body)

    def _activation(self, entry: Entry, body: bytes) -> None:
        opened = open_activation(body, trust=self._replaced(entry), at=entry.time)
        self._once(b"activation", opened.digest.encode())
        self._act = entry, partial(check_activated, opened, lists=self._lists)

    def _keyset_change(self, entry: Entry, body: bytes) -> None:
        opened = open_keyset_change(body, trust=self._replaced(entry), at=entry.time)
        self._once(b"keyset-change", opened.digest.encode())
        self._act = entry, partial(check_changed, opened)

    def _replaced(self, act: Entry) -> Trust:
        _rests_on_nothing(act)
        if self._trust is None:
            raise LogError("reference-broken", "no trust snapshot to replace")
        return self.plan.trusts[self._trust.index]

    def _snapshot(self, entry: Entry, body: bytes) -> None:
        named: dict[str, list[str]] = {}
        for kind, indices in entry.refs.items():
            if kind in ACTS:
                continue
            if not set(indices) <= set(self._public.get(kind, {})):
                raise LogError("reference-broken", f"not entries of kind {kind}")
            named[kind] = [self._public[kind][index] for index in indices]
        names = {name for kind in named for name in named[kind]}
        trust = load_trust(body, {name: self._bodies[name] for name in names - self._lists.keys()})
        for kind in DOCUMENTS:
            if sorted(named.get(kind, [])) != list(trust.documents[kind]):
                raise LogError("reference-broken", "rests on other documents than it names")
        codes = [self._lists[name].list for name in named.get("list", ())]
        if len(set(codes)) != len(codes):
            raise TrustError("trust-incomplete", "two snapshots are of one list")
        if trust.foundry.id != self._foundry:
            raise LogError("reference-broken", "the snapshot is of another foundry's log")
        self._check_act(entry, trust)
        self.cut()
        self._trust = entry
        self.plan.trusts[entry.index] = trust

    def _check_act(self, entry: Entry, trust: Trust) -> None:
        named = {kind: entry.refs[kind] for kind in ACTS if kind in entry.refs}
        expected = {} if self._act is None else {self._act[0].kind: (self._act[0].index,)}
        if named != expected or (self._trust is None) is not (self._act is None):
            raise LogError("reference-broken", "does not rest on the act before it")
        if self._act is not None and self._trust is not None:
            _, check = self._act
            check(before=self.plan.trusts[self._trust.index], after=trust)
        self._act = None

    def _policy(self, entry: Entry, body: bytes) -> None:
        if self._trust is None or entry.refs != {"trust": (self._trust.index,)}:
            raise LogError("reference-broken", "does not rest on the newest trust snapshot alone")
        trust = self.plan.trusts[self._trust.index]
        opened = open_policy(body, trust=trust, at=entry.time, origin=self._origin)
        self.plan.policies[entry.index] = opened

    def _decision(self, entry: Entry, body: bytes) -> None:
        if self._submission is None or self._trust is None:
            raise LogError("reference-broken", "no trust snapshot to decide under")
        submission, leaf = self._submission
        check_decision_entry(entry, submission=submission, leaf=leaf, trust=self._trust)
        if len(self._starts) == PIECE_DECISIONS:
            self.cut()
        superseded = supersession_of(body)
        if superseded is not None:
            self._superseding.setdefault(superseded, len(self._starts))
        self._starts.append(submission.index)
        self._submission = None

    def _review(self, entry: Entry, body: bytes) -> None:
        if self._trust is None:
            raise LogError("reference-broken", "no trust snapshot to review under")
        decision = check_review_entry(entry, trust=self._trust)
        self._once(b"review of %d" % decision, body)
        if cleared := clearances_of(body):
            self.cut()
            self._cleared = {**self._cleared, **cleared}
        self.plan.reviews.append(ReviewEntry(entry.index, decision, self._trust.index))


def _rests_on_nothing(entry: Entry) -> None:
    if entry.refs:
        raise LogError("reference-broken", f"a {entry.kind} rests on nothing")
