"""One snapshot of a list against the next: what changed, whether that is plausible, how old it is.

Entries are matched by list and identifier, and those left by list, name and countries, then by list
and name, so that an entry without a number of its own is a changed one and not two:

>>> from attest.screening.snapshot import ListEntry
>>> def snapshot(*names: str) -> ListSnapshot:
...     entries = tuple(ListEntry(list="EL", id=n, kind="unknown", names=(n,)) for n in names)
...     return ListSnapshot(list="EL", source="x", source_digest="x", digest="x",
...         as_of=dt.date(2026, 7, 31), entries=entries)
>>> found = diff(snapshot("A", "B"), snapshot("B", "C"))
>>> [each.id for each in found.added], [each.id for each in found.removed], found.changed
(['C'], ['A'], ())

A list is replaced by what somebody else publishes. A feed that was cut short, emptied, exchanged or
rolled back would clear whom it should stop, so a large change waits for a person.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Final

from attest.errors import TrustError
from attest.screening.snapshot import ListEntry, ListSnapshot

CHANGE_PERCENT_MAX: Final = 10
"""How much of a list may come or go between two snapshots before a person has to look."""
CHANGE_ENTRIES_FREE: Final = 5
"""So many entries of a list may come or go however small it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry before and after."""

    old: ListEntry
    new: ListEntry

    def members(self) -> tuple[str, ...]:
        """The names of the members that differ, the identifier left out."""
        names = (field.name for field in fields(ListEntry) if field.name != "id")
        return tuple(name for name in names if getattr(self.old, name) != getattr(self.new, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one snapshot has and another has not; all in the order of their entries."""

    added: tuple[ListEntry, ...]
    removed: tuple[ListEntry, ...]
    changed: tuple[Change, ...]


def diff(old: ListSnapshot, new: ListSnapshot) -> Difference:
    """What changed from one snapshot to another."""
    by_id = {(entry.list, entry.id): entry for entry in old.entries}
    pairs: list[tuple[ListEntry, ListEntry]] = []
    left_new = []
    for entry in new.entries:
        if before := by_id.pop((entry.list, entry.id), None):
            pairs.append((before, entry))
        else:
            left_new.append(entry)
    left_old = [*by_id.values()]
    for key in (_by_name_and_countries, _by_name):
        matched, left_old, left_new = _match(left_old, left_new, key)
        pairs += matched
    changed = (Change(*pair) for pair in pairs if pair[0] != pair[1])
    return Difference(
        added=tuple(left_new),
        removed=tuple(left_old),
        changed=tuple(sorted(changed, key=lambda change: (change.new.list, change.new.id))),
    )


def _by_name_and_countries(entry: ListEntry) -> Hashable:
    return entry.list, entry.names[0].casefold(), entry.countries


def _by_name(entry: ListEntry) -> Hashable:
    return entry.list, entry.names[0].casefold()


def _match(
    old: Sequence[ListEntry], new: Sequence[ListEntry], key: Callable[[ListEntry], Hashable]
) -> tuple[list[tuple[ListEntry, ListEntry]], list[ListEntry], list[ListEntry]]:
    waiting: dict[Hashable, deque[ListEntry]] = {}
    for entry in old:
        waiting.setdefault(key(entry), deque()).append(entry)
    pairs, left = [], []
    for entry in new:
        if queue := waiting.get(key(entry)):
            pairs.append((queue.popleft(), entry))
        else:
            left.append(entry)
    remaining = {(entry.list, entry.id) for queue in waiting.values() for entry in queue}
    return pairs, [entry for entry in old if (entry.list, entry.id) in remaining], left


def check_plausible(
    old: ListSnapshot, new: ListSnapshot, *, percent_max: int = CHANGE_PERCENT_MAX
) -> Difference:
    """Refuse a snapshot that differs too much from the one before it.

    Each list within the snapshot counts by itself, so that a small one is not lost in a large
    publication: more than `percent_max` percent of its entries, and more than five, must not come
    or go, and no list may end or begin.

    Raises:
        TrustError: list-implausible.
    """
    if new.list != old.list:
        raise TrustError("list-implausible", f"a snapshot of {new.list} follows one of {old.list}")
    if new.as_of < old.as_of:
        raise TrustError("list-implausible", f"as of {new.as_of}, before {old.as_of}")
    found = diff(old, new)
    before = Counter(entry.list for entry in old.entries)
    after = Counter(entry.list for entry in new.entries)
    for word, moved in (("lost", found.removed), ("gained", found.added)):
        for code, count in sorted(Counter(entry.list for entry in moved).items()):
            whole = not after[code] or not before[code]
            many = count > CHANGE_ENTRIES_FREE and count * 100 > percent_max * before[code]
            if whole or many:
                raise TrustError(
                    "list-implausible", f"{code} {word} {count} of {before[code]} entries"
                )
    return found


def check_fresh(snapshot: ListSnapshot, *, day: dt.date, days_max: int) -> None:
    """Refuse a snapshot that is older on a day than so many days, or later than the day.

    Raises:
        TrustError: list-stale.
    """
    age = snapshot.age_days(day)
    if age > days_max:
        raise TrustError("list-stale", f"{age} days old on {day}; at most {days_max} are allowed")
    if age < 0:
        raise TrustError("list-stale", f"as of {snapshot.as_of}, after {day}")


def find(snapshot: ListSnapshot, text: str) -> tuple[ListEntry, ...]:
    """The entries whose identifier is a text, or one of whose names holds it, in any case."""
    wanted = text.casefold()
    return tuple(
        entry
        for entry in snapshot.entries
        if entry.id == text or any(wanted in name.casefold() for name in entry.names)
    )
