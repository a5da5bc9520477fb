"""Screening alone: parties never seen before, held against lists of published size.

The lists are invented: as many names as the published ones have, of as many words, half companies
of many countries and half people. `ATTEST_BENCH_LISTS` names a folder of snapshots to take instead.
All is in processor time of one core, after loading. The floor is one scan of every listed name by
rapidfuzz's edit distance, in C, which finds typing errors and nothing else.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from attest.encoding import digest
from attest.screening.han import SYLLABLES
from attest.screening.match import Index, Party
from attest.screening.snapshot import ListEntry, read_snapshot, write_snapshot
from benchmarks.figures import show

ENTRIES = 26_000
ALIASES = (1, 1, 2, 2, 3, 4)
UNSEEN = 800
A_SUBMISSION = 8
ADDRESS = "Suite 1201, Building 3, No. 88 Example Road, Nanshan District, Shenzhen, China"
_SYLLABLES = sorted(SYLLABLES)
_PLACES = ("Shanghai", "Shenzhen", "Beijing", "Moscow", "Tehran", "Istanbul", "Dubai", "Minsk")
_TRADES = ("Technology", "Electronics", "Semiconductor", "Trading", "Shipping", "Instruments")
_FORMS = ("Co., Ltd.", "LLC", "JSC", "OOO", "FZE", "GmbH", "Limited", "Joint Stock Company")
_GIVEN = ("Muhammad", "Ali", "Vladimir", "Sergey", "Jose", "Maria", "Ahmad", "Kim", "Reza")
_HAN = "华新微中科瑞盛泰龙源京博海通峰林军明康达创讯联芯晶光云天宏远建安信诚嘉兴永丰德润"


def measure(_: Path, divisor: int) -> None:
    """Print seconds to load, memory, and milliseconds for one party and for eight."""
    chance = random.Random(7)
    raws = lists(divisor, chance)
    entries = sum(len(read_snapshot(raw).entries) for raw in raws)
    print(f"screening: {entries} entries, parties never seen before")
    before = _peak_bytes()
    found: list[Index] = []
    seconds = _processor_seconds(lambda: found.append(Index.of(map(read_snapshot, raws))))
    (index,) = found
    names = [name for each in index.entries for name in each.names]
    show("names", len(names), "")
    show("load: snapshots opened and indexed", seconds, "s of a core")
    show("memory gained", (_peak_bytes() - before) / 2**20, "MiB")
    for words, made in (("Latin", company), ("Chinese", chinese), ("a person's", _person)):
        _measure_parties(index, names, words, [made(chance) for _ in range(UNSEEN // divisor)])


def _measure_parties(index: Index, names: list[str], words: str, asked: Sequence[str]) -> None:
    parties = [Party("consignee", (name,), (ADDRESS,)) for name in dict.fromkeys(asked)]
    times = [1000 * _processor_seconds(partial(index.candidates, party)) for party in parties]
    scans = [1000 * _processor_seconds(partial(_scan, name, names)) for name in asked[:20]]
    floor = ("one scan of every name", statistics.median(scans))
    show(f"a party, {words} name, median", statistics.median(times), "ms", floor=floor)
    show("    95 of 100 take at most", statistics.quantiles(times, n=20)[-1], "ms")
    groups = [times[at : at + A_SUBMISSION] for at in range(0, len(times), A_SUBMISSION)]
    show(f"    {A_SUBMISSION} parties, median", statistics.median(map(sum, groups)), "ms")


def _scan(name: str, names: list[str]) -> object:
    return process.extract(name, names, scorer=Levenshtein.distance, score_cutoff=3, limit=None)


def lists(divisor: int, chance: random.Random | None = None) -> list[bytes]:
    """Snapshots of published size: those that the environment names, else an invented one."""
    return _published() or [_invented(chance or random.Random(7), ENTRIES // divisor)]


def _published() -> list[bytes]:
    """The snapshots of the folder that the environment names, none without it."""
    folder = os.environ.get("ATTEST_BENCH_LISTS")
    return [each.read_bytes() for each in sorted(Path(folder).glob("*.json"))] if folder else []


def _invented(chance: random.Random, count: int) -> bytes:
    entries = [
        ListEntry(
            list="EL",
            id=str(number),
            kind="unknown",
            names=tuple(
                dict.fromkeys(
                    chance.choice((company, _person))(chance)
                    for _ in range(1 + chance.choice(ALIASES))
                )
            ),
        )
        for number in range(count)
    ]
    return write_snapshot(
        code="EL",
        source="invented",
        source_digest=digest(b""),
        as_of=dt.date(2026, 7, 31),
        entries=entries,
    )


def _own(chance: random.Random) -> str:
    """A word of its own: Chinese syllables, or letters in turn."""
    if chance.random() < 1 / 2:
        return "".join(chance.choices(_SYLLABLES, k=chance.choice((2, 2, 3)))).title()
    turns = (chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4))
    return ("".join(turns) + chance.choice(("", "n", "s", "x", "tek"))).title()


def company(chance: random.Random) -> str:
    """A name of a company in Latin letters."""
    words = [_own(chance) for _ in range(chance.choice((1, 1, 2)))]
    if chance.random() < 1 / 3:
        words.insert(0, chance.choice(_PLACES))
    words += chance.sample(_TRADES, chance.choice((0, 1, 2)))
    return f"{' '.join(words)} {chance.choice(_FORMS)}"


def _person(chance: random.Random) -> str:
    return f"{' '.join(chance.sample(_GIVEN, chance.choice((1, 1, 2))))} {_own(chance)}"


def chinese(chance: random.Random) -> str:
    """A name of a company in Chinese characters."""
    own = "".join(chance.choices(_HAN, k=chance.choice((2, 2, 3))))
    place, trade = chance.choice(("上海", "深圳市", "北京")), chance.choice(("科技", "半导体"))
    return f"{place}{own}{trade}有限公司"


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
