"""The demo's data: published facts about chips, and the invented transaction around each of them.

`examples/chips/chips.toml` holds the facts, `scenario.toml` the transactions. A fact that is not
published stays None all the way into the signed documents, where it becomes a claim *unknown*.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

CHIPS_PATH: Final = Path(__file__).resolve().parent.parent / "chips" / "chips.toml"
SCENARIO_PATH: Final = Path(__file__).resolve().parent / "scenario.toml"

LOGIC: Final = frozenset({"logic", "io"})
"""Functions of a die that is a logic circuit (SPEC 4.3)."""

NODE_CLASS_LIMIT_NM: Final = 16


@dataclass(frozen=True)
class Process:
    """The process of a die; None is not known."""

    foundry: str | None = None
    name: str | None = None
    node_nm: int | None = None
    architecture: str | None = None

    @property
    def node_class(self) -> str | None:
        """The class of SPEC 4.3, by the node's marketing name."""
        if self.node_nm is None:
            return None
        return "16/14-or-below" if self.node_nm <= NODE_CLASS_LIMIT_NM else "above-16/14"

    @property
    def applicable(self) -> bool:
        """True unless it is known to be planar and above 16/14 nm (15 CFR 772.1)."""
        return not (self.architecture == "planar" and self.node_class == "above-16/14")


@dataclass(frozen=True)
class Die:
    """A kind of die; area in square micrometres and transistors are of one die."""

    name: str
    units: int
    function: str
    process: Process
    area_um2: int | None = None
    transistors: int | None = None

    @property
    def counted(self) -> bool:
        """True when it belongs to the aggregated count of its package."""
        return self.function in LOGIC and self.process.applicable


@dataclass(frozen=True)
class Memory:
    """Memory in the package; the bandwidth is of one unit."""

    kind: str
    units: int
    bandwidth_mbyte_s: int


@dataclass(frozen=True)
class Precision:
    """Dense performance in 10^9 operations per second at one input width."""

    name: str
    bit_length: int
    dense_gops: int


@dataclass(frozen=True)
class Chip:
    """What is published about one chip."""

    id: str
    name: str
    maker: str
    year: int
    dies: tuple[Die, ...]
    hbm: bool | None
    datacenter: bool | None
    memories: tuple[Memory, ...]
    precisions: tuple[Precision, ...]
    package_transistors: int | None
    sources: Mapping[str, tuple[str, ...]]
    omitted: Mapping[str, str]

    @property
    def transistors(self) -> int | None:
        """The published count of all logic dies together, None when there is none."""
        if self.package_transistors is not None:
            return self.package_transistors
        return total([die for die in self.dies if die.function in LOGIC])

    @property
    def aggregated(self) -> int | None:
        """The count of the dies to which the rule looks, None when one of them is not known."""
        return total([die for die in self.dies if die.counted])


def total(dies: list[Die]) -> int | None:
    """The transistors of several dies, None when one of them is not known."""
    counts = [None if die.transistors is None else die.units * die.transistors for die in dies]
    return None if None in counts else sum(count for count in counts if count is not None)


@dataclass(frozen=True)
class Designer:
    """A stand-in designer; a headquarters of None is not known."""

    name: str
    hq: str | None = None
    parent_hq: str | None = None
    agreed_743_9: dt.date | None = None
    application_filed: dt.date | None = None
    claims_group: str = ""
    listed: bool = False


@dataclass(frozen=True)
class Company:
    """A stand-in foundry or packager."""

    id: str
    name: str
    country: str
    listed: bool = False


@dataclass(frozen=True)
class Packaging:
    """Who packages (`foundry` or the key of a packager) and where; None is not known."""

    by: str | None = None
    site: str | None = None


@dataclass(frozen=True)
class Row:
    """One transaction: the stand-ins, the dates and what the demo expects of it.

    `precisions` is what the stand-in designer declares, `area_um2` and `memory_area_um2` what the
    stand-in foundry measures where nothing is published.
    """

    number: int
    chip: Chip
    point: str
    designer: str
    packaging: Packaging
    attests: tuple[str, ...]
    completion: dt.date
    precisions: tuple[Precision, ...]
    buyer: str
    area_um2: int | None
    memory_area_um2: int | None
    fault: str | None
    expect: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The tape-out identifier of the stand-in part."""
        return f"DEMO-{self.number:02}"


@dataclass(frozen=True)
class Scenario:
    """All stand-ins and all rows."""

    foundry: Company
    osats: Mapping[str, Company]
    designers: Mapping[str, Designer]
    rows: tuple[Row, ...]


def load_chips(path: Path = CHIPS_PATH) -> dict[str, Chip]:
    """Read the published facts, by the identifier of the chip."""
    document = tomllib.loads(path.read_text("utf-8"))
    return {table["id"]: _chip(table) for table in document["chip"]}


def _chip(table: Mapping[str, Any]) -> Chip:
    process = Process(**table["process"])
    dies = [
        Die(**{**die, "process": Process(**die["process"]) if "process" in die else process})
        for die in table["dies"]
    ]
    return Chip(
        id=table["id"],
        name=table["name"],
        maker=table["maker"],
        year=table["year"],
        dies=tuple(dies),
        hbm=table.get("hbm"),
        datacenter=table.get("datacenter"),
        memories=tuple(Memory(**memory) for memory in table.get("memories", [])),
        precisions=tuple(Precision(**each) for each in table.get("precisions", [])),
        package_transistors=table.get("package_transistors"),
        sources={value: tuple(names) for value, names in table["sources"].items()},
        omitted=table.get("omitted", {}),
    )


def load_scenario(chips: Mapping[str, Chip], path: Path = SCENARIO_PATH) -> Scenario:
    """Read the stand-ins and the rows."""
    document = tomllib.loads(path.read_text("utf-8"))
    packagings = {name: Packaging(**each) for name, each in document["packaging"].items()}
    return Scenario(
        foundry=Company(**document["foundry"]),
        osats={name: Company(**each) for name, each in document["osat"].items()},
        designers={name: Designer(**each) for name, each in document["designer"].items()},
        rows=tuple(
            _row(number, table, chips, packagings)
            for number, table in enumerate(document["row"], start=1)
        ),
    )


def _row(
    number: int,
    table: Mapping[str, Any],
    chips: Mapping[str, Chip],
    packagings: Mapping[str, Packaging],
) -> Row:
    chip = chips[table["chip"]]
    declared = table.get("performance", [])
    return Row(
        number=number,
        chip=chip,
        point=table["point"],
        designer=table["designer"],
        packaging=packagings[table["packaging"]],
        attests=tuple(table["attests"]),
        completion=table["completion"],
        precisions=(
            chip.precisions
            if declared == "published"
            else tuple(Precision(**each) for each in declared)
        ),
        buyer=table.get("buyer", "US"),
        area_um2=table.get("area"),
        memory_area_um2=table.get("memory_area"),
        fault=table.get("fault"),
        expect=table["expect"],
    )
