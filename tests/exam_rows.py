"""The published classifications and figures that `attest classify` is examined on, read in place.

Everything that is not in a row itself stands here in the open: on which day a row is asked, which
figures stand in for missing ones, what is assumed about the trade, and what a published class
means as an answer. docs/rules/exam.md tells the same to people.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final

from attest.classification import Classification, RulePack, classify
from attest.encoding import Json
from attest.rules.facts import facts_from_json

Row = Mapping[str, str]

CLASSIFICATIONS: Final = "data/classification/published_classifications.csv"
CHIPS: Final = "data/chips/epoch_ml_hardware_2026-07.csv"

BIT_LENGTHS: Final[Mapping[str, int]] = {
    "FP64 (double precision) performance (FLOP/s)": 64,
    "FP32 (single precision) performance (FLOP/s)": 32,
    "TF32 (TensorFloat-32) performance (FLOP/s)": 32,
    "Tensor-FP16/BF16 performance (FLOP/s)": 16,
    "FP16 (half precision) performance (FLOP/s)": 16,
    "INT16 performance (OP/s)": 16,
    "FP8 performance (FLOP/s)": 8,
    "INT8 performance (OP/s)": 8,
    "FP4 performance (FLOP/s)": 4,
    "INT4 performance (OP/s)": 4,
}
PUBLISHED_TPP: Final = "Total processing performance (bit-OP/s)"

FIRST_DAYS: Final[Mapping[str, str]] = {
    "2022-08-26 is-informed letter": "2022-10-07",
    "2022-10": "2022-10-07",
    "2023-10": "2023-11-17",
    "2024-04": "2024-04-04",
    "2025-04-09 is-informed letter": "2025-04-14",
    "2025-05-13 BIS guidance": "2025-05-13",
    "2026-01": "2026-01-15",
}
"""The day from which a version of the rule binds; a row is asked on its own day if that is later.

A letter is asked about on the first day on which both it and the rules are in force.
"""

FIRST_DAY_OF_NAC: Final = "2024-04-04"
"""Licence exception NAC is encoded from this day on."""

DESTINATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "China": ("CN",),
    "China etc.": ("CN",),
    "China and Macau": ("CN", "MO"),
    "China and Macau (from the US)": ("CN", "MO"),
    "China and listed groups": ("CN", "VN", "SA"),
    "China; Country Groups D:1, D:4, D:5 (excluding Israel)": ("CN", "VN", "SA"),
    "China incl. Hong Kong; Russia": ("CN", "HK", "RU"),
    "China incl. Hong Kong and Macau; D:5": ("CN", "HK", "MO", "IR"),
    "D:5 + Macau": ("CN", "MO"),
    "worldwide (GP10)": ("CN",),
}
"""The destinations that are asked about: those named, and one of each Country Group named."""

EPOCH_NAMES: Final[Mapping[str, str]] = {
    "Huawei Ascend 910B": "Huawei Ascend 910B",
    "Intel Gaudi 2": "Intel Habana Gaudi2",
    "NVIDIA A100": "NVIDIA A100 SXM4 80 GB",
    "NVIDIA A800": "NVIDIA A800 SXM",
    "NVIDIA GeForce RTX 4090": "NVIDIA GeForce RTX 4090",
    "NVIDIA H100": "NVIDIA H100 SXM5 80GB",
    "NVIDIA H20": "NVIDIA HGX H20",
    "NVIDIA H200": "NVIDIA H200 SXM",
    "NVIDIA L4": "NVIDIA L4",
}
"""By chip family: the row of the table of chips that gives the operations and the transfer rate."""

FIGURES: Final[Mapping[str, tuple[str, Json]]] = {
    "AMD MI250": ("TPP that C110 publishes", {"tpp_milli": 5_794_000}),
    "NVIDIA GeForce RTX 5090": ("TPP in the caution of C056", {"tpp_milli": 6_704_000}),
    "NVIDIA L40S": ("TPP of at least 4,800, as C015 publishes", {"tpp_milli": 4_800_000}),
}
"""By chip family without a row there: where a figure is found instead, and the figure."""

AREAS: Final[Mapping[str, int]] = {"NVIDIA H20": 814_000_000}
"""By chip family: the area that C078 publishes, where the table of chips has none."""

CONDITIONS_OF_2026: Final[Mapping[str, Json]] = {
    "from_country": "US",
    "act": "export",
    "certified": [
        "enough-us-supply",
        "no-foundry-diversion",
        "not-military",
        "recipient-security",
        "us-laboratory-test",
    ],
    "end_uses": ["ordinary"],
}
"""A published eligibility speaks of the chip: every other condition of the rule is taken as met."""


def read(shared: Path, name: str) -> list[Row]:
    """The rows of a shared table."""
    with (shared / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def scaled(text: str, places: int) -> int:
    """A decimal of a table as a whole number of 10^-places, cut."""
    return int(Fraction(text) * 10**places)


def precisions(chip: Row) -> list[Json]:
    """The dense operations of a row of the table of chips, by bit length."""
    return [
        {"bit_length": bits, "dense_gops": scaled(chip[column], -9)}
        for column, bits in BIT_LENGTHS.items()
        if chip[column]
    ]


def day_of(row: Row) -> dt.date:
    """The day on which a row is asked."""
    version = row["rule_version"]
    stated = (row["rule_date"] + "-01")[:10]
    first = FIRST_DAYS.get(version) or FIRST_DAYS[version.split(" as in force")[0]]
    return max(dt.date.fromisoformat(stated), dt.date.fromisoformat(first))


def item_of(row: Row, chips: Mapping[str, Row]) -> dict[str, Json] | None:
    """The facts about a row's chip, its own first, then those known elsewhere; None: no figures."""
    family = row["chip_family"]
    chip = chips.get(EPOCH_NAMES.get(family, ""), {})
    item: dict[str, Json] = {"name": row["chip"], "datacenter": row["datacenter_product"] == "Y"}
    if row["published_tpp"]:
        item["tpp_milli"] = scaled(row["published_tpp"].removeprefix(">="), 3)
    elif chip:
        item["precisions"] = precisions(chip)
    elif family in FIGURES:
        item |= FIGURES[family][1]
    else:
        return None
    if row["published_die_area_mm2"]:
        item["applicable_area_um2"] = scaled(row["published_die_area_mm2"], 6)
    elif row["published_pd"]:
        item["performance_density_micro"] = scaled(row["published_pd"], 6)
    elif chip and chip["Die Size (mm^2)"]:
        item["applicable_area_um2"] = scaled(chip["Die Size (mm^2)"], 6)
    elif family in AREAS:
        item["applicable_area_um2"] = AREAS[family]
    if row["published_interconnect_gbps"]:
        item["transfer_rate_mbyte_s"] = scaled(row["published_interconnect_gbps"], 3)
    elif chip and chip["Intranode bandwidth (byte/s)"]:
        item["transfer_rate_mbyte_s"] = scaled(chip["Intranode bandwidth (byte/s)"], -6)
    if row["published_mem_bw_gbps"]:
        item["dram_bandwidth_mbyte_s"] = scaled(row["published_mem_bw_gbps"], 3)
    elif chip and chip["Memory bandwidth (byte/s)"]:
        item["dram_bandwidth_mbyte_s"] = scaled(chip["Memory bandwidth (byte/s)"], -6)
    return item


def ask(
    pack: RulePack,
    item: Mapping[str, Json],
    day: dt.date,
    destination: str,
    *,
    letters: tuple[str, ...] = (),
    **trade: Json,
) -> Classification:
    """Classify an item that goes to a party with headquarters at its destination."""
    tree: Json = {
        "item": {"units": 1, "us_sale_since": "2026-01-14", **item},
        "ledger": {"china_units": 0, "us_units": 1000},
        "transaction": {
            "completion_date": day.isoformat(),
            "decision_date": day.isoformat(),
            "mode": "cfr_text",
            "exporter": "other",
            "destinations": [destination],
            "party_hqs": [destination],
        },
        "trade": {
            **CONDITIONS_OF_2026,
            "consignee_country": destination,
            "consignee_hqs": [destination],
            "shipment_date": day.isoformat(),
            "informed_of": list(letters),
            **trade,
        },
    }
    return classify([pack], facts_from_json(tree))


def _within(found: Classification, paragraph: str) -> bool:
    return any(label.startswith(paragraph) for label in found.applying)


def _open_or_within(found: Classification, paragraph: str) -> bool:
    return any(label.startswith(paragraph) for label in (*found.applying, *found.undecided))


def _review(found: Classification, name: str) -> bool:
    return any(each.label == name and each.answer == "applies" for each in found.reviews)


def _needed(found: Classification) -> bool:
    return found.licence == "needed" and bool(found.applying)


MEANINGS: Final[Mapping[str, Callable[[Classification], bool]]] = {
    "license_required": _needed,
    "license_required_by_letter": lambda found: (
        found.licence == "needed" and [each.answer for each in found.letters] == ["applies"]
    ),
    "tpp_4800_and_datacenter_license_required": lambda found: (
        _needed(found) and "3A090.a.1" in found.applying
    ),
    "regular_license (3A090.a)": lambda found: (
        _needed(found) and _within(found, "3A090.a") and "NAC" not in found.available
    ),
    "NAC_eligible": lambda found: _needed(found) and "NAC" in found.available,
    "3A090 controlled": lambda found: _needed(found) and "3A090 (2022)" in found.applying,
    "3A090.a": lambda found: _needed(found) and _within(found, "3A090.a"),
    "3A090.b.2": lambda found: _needed(found) and "3A090.b.2" in found.applying,
    "presumed_3A090_GP10": lambda found: _within(found, "3A090"),
    "not_3A090.a": lambda found: not _open_or_within(found, "3A090.a"),
    "not_controlled": lambda found: (
        not found.applying and not found.undecided and found.licence == "not needed"
    ),
    "case_by_case_CN_2026": lambda found: _needed(found) and _review(found, "review_case_by_case"),
    "presumption_of_denial_CN_2026": lambda found: (
        _needed(found) and _review(found, "review_denial")
    ),
    "policy_speculation": lambda found: _needed(found) and not _review(found, "review_denial"),
    "exportable_special_exception": lambda found: _needed(found) and bool(found.available),
}
"""What each published class says, as a question to a classification."""


def agrees(row: Row, pack: RulePack, chips: Mapping[str, Row]) -> bool | None:
    """Whether the answers to all destinations of a row are what it publishes; None: no figures."""
    item = item_of(row, chips)
    if item is None:
        return None
    published, day = row["published_class"], day_of(row)
    letters = ("the letter",) if published == "license_required_by_letter" else ()
    trade: dict[str, Json] = {}
    if published == "NAC_eligible":
        day = max(day, dt.date.fromisoformat(FIRST_DAY_OF_NAC))
        notified = day - dt.timedelta(days=25)
        trade = {"purchase_order": True, "notified_on": notified.isoformat()}
    return all(
        MEANINGS[published](ask(pack, item, day, destination, letters=letters, **trade))
        for destination in DESTINATIONS[row["destination"]]
    )


def listed(page: str, heading: str, pattern: str) -> set[str]:
    """The first cells of the table under a heading of docs/rules/exam.md."""
    return set(re.findall(rf"^\| ({pattern}) \|", section(page, heading), re.MULTILINE))


def section(page: str, heading: str) -> str:
    """What stands on a page below a heading."""
    return page.split(f"\n## {heading}\n", maxsplit=1)[1].split("\n## ", maxsplit=1)[0]
