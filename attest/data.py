"""Where the data that ships with the program lies: the schemas and the rules.

In a wheel it lies inside the package (`attest/_data/<name>`), in a checkout beside it (`<name>/`).
Both are read through the same interface of `importlib.resources`:

>>> (data_dir("schemas") / "LOCK").is_file()
True
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


def data_dir(name: Literal["schemas", "rules"]) -> Traversable:
    """The folder of that name."""
    packaged = files("attest") / "_data" / name
    return packaged if packaged.is_dir() else Path(__file__).resolve().parent.parent / name
