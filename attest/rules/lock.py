"""The lock of editions: `rules/LOCK` holds the digest of each, and a locked edition never changes.

One line for each edition, in the order of their names; those of older editions stay:

>>> first, second = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
>>> lock = read_lock(f"{first}  us-ear/2026-11-24\\n")
>>> print(write_lock(extended(lock, {"us-ear/2027-01-04": second})), end="")
sha256:1111111111111111111111111111111111111111111111111111111111111111  us-ear/2026-11-24
sha256:2222222222222222222222222222222222222222222222222222222222222222  us-ear/2027-01-04
>>> extended(lock, {"us-ear/2026-11-24": second})
Traceback (most recent call last):
attest.errors.RuleError: edition-changed: us-ear/2026-11-24
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attest.errors import RuleError
from attest.rules.places import refuse

_LINE: Final = re.compile(
    r"(sha256:[0-9a-f]{64})  ([a-z0-9][a-z0-9-]{0,62}/[0-9]{4}-[0-9]{2}-[0-9]{2})"
)


def read_lock(text: str) -> dict[str, str]:
    """The digest of each locked edition, by `id/edition`.

    Raises:
        RuleError: pack-invalid, with the line.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            refuse(f"LOCK, line {number}", "not a digest, two spaces, and id/edition")
        if match[2] in found:
            refuse(f"LOCK, line {number}", "the edition stands twice")
        found[match[2]] = match[1]
    return found


def write_lock(lock: Mapping[str, str]) -> str:
    """The text of a lock."""
    return "".join(f"{lock[name]}  {name}\n" for name in sorted(lock))


def extended(lock: Mapping[str, str], editions: Mapping[str, str]) -> dict[str, str]:
    """A lock with further editions; one that it holds already has to be the same.

    Raises:
        RuleError: edition-changed, with the editions that are not.
    """
    changed = sorted(name for name in lock if editions.get(name, lock[name]) != lock[name])
    if changed:
        raise RuleError("edition-changed", ", ".join(changed))
    return {**lock, **editions}
