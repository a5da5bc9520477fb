"""Lists of invented parties for the tests of matching."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from attest.screening.match import Index
from attest.screening.snapshot import ListEntry, ListSnapshot

DAY = dt.date(2026, 7, 31)

NAMES = (
    "Huaxin Example Semiconductor Co., Ltd.",
    "Shanghai Minglan Microelectronics Corporation",
    "Beijing Qirui Integrated Circuit Technology Co., Ltd.",
    "Joint Stock Company Zvezdomir Instrument-Making Plant",
    "OOO Kometamash",
    "Dolgorukovskiy Institute of Applied Optics",
    "Muhammad Yusuf Karzanov",
    "Kwon Tae-song",
    "Elbrusneft Trading FZE",
    "Fujimori Vostok Logistics Sdn. Bhd.",
    "China Example Electronics Group Corporation 77th Research Institute",
    "Grünwald & Söhne Optik GmbH",
    "Compañía Andina de Válvulas S.A.",
    "Tehran Parsagrid Engineering Company",
    "Lumenora Photonics Pte. Ltd.",
    "Chang Hai Memory Technologies, Inc.",
    "Yılmazkaya Elektronik Sanayi ve Ticaret Limited Şirketi",
    "Northwind Avionics LLC",
    "Sky Blue Star Trading Company",
    "Al-Qamari Oil Services",
)
ORIGINALS = ("长海存储技术有限公司", "华芯示例半导体有限公司", "Общество «Кометамаш»", "محمد يوسف")
ADDRESSES = (
    "Room 1202, 12/F, Lung Fat Commercial Centre, 20-28 Example Street, Mong Kok, Hong Kong",
    "Unit B, 3/F Harbour Gate Building, 77 Fictive Road, Wan Chai, Hong Kong",
    "No: 9 Ornek Sk., Merkez Mah., Sisli, Istanbul, 34381, Turkey",
)


def entry(number: int = 1, **members: Any) -> ListEntry:
    given = {"list": "EL", "id": str(number), "kind": "entity", "names": (NAMES[0],), **members}
    return ListEntry(**given)


def snapshot(entries: Iterable[ListEntry], code: str = "EL") -> ListSnapshot:
    return ListSnapshot(
        list=code,
        source="an example",
        source_digest="x",
        as_of=DAY,
        digest=code,
        entries=tuple(entries),
    )


def index_of(*names: str, **members: Any) -> Index:
    """An index of entries of one name each, numbered from 0."""
    return Index.of(
        [snapshot(entry(at, names=(name,), **members) for at, name in enumerate(names))]
    )


def everybody() -> Index:
    """An index of every invented name and address."""
    listed = [entry(at, names=(name,)) for at, name in enumerate(NAMES)]
    written = [entry(100 + at, names=(name,)) for at, name in enumerate(ORIGINALS)]
    places = [
        entry(200 + at, names=(f"Address {at}",), addresses=(text,), address_only=True)
        for at, text in enumerate(ADDRESSES)
    ]
    return Index.of([snapshot([*listed, *written, *places])])
