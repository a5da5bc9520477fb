"""Many distinct signed submissions of mixed verdicts, for large logs and for benchmarks.

A submission is a declaration by a designer (ECDSA P-256) with the foundry's determination
(Ed25519), so each costs two signature checks. Every twentieth is refused or held.
"""

from __future__ import annotations

from collections.abc import Sequence

from attest.envelope import bundle, seal
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE
from tests.world import UNKNOWN, World, known, statement

COUNTS = (5_000_000_000, 12_000_000_000, 29_999_999_999, 30_000_000_000, 80_000_000_000)


def submissions(world: World, count: int, *, first: int = 0) -> Sequence[bytes]:
    """So many distinct submissions: mostly PASS and FAIL, some HOLD, some refused."""
    return [_submission(world, number) for number in range(first, first + count)]


def declarations(world: World, count: int) -> Sequence[bytes]:
    """So many distinct declarations alone, which are held for want of a determination."""
    return [
        seal(
            statement(DECLARATION_TYPE, world.declaration(end_use=f"Routing, programme {number}.")),
            [world.designer.signer],
        )
        for number in range(count)
    ]


def _submission(world: World, number: int) -> bytes:
    declared = statement(
        DECLARATION_TYPE,
        world.declaration(
            end_use=f"Packet processing, programme {number}.",
            audience="another-foundry" if number % 20 == 7 else world.foundry.id,
        ),
    )
    transistors = known(COUNTS[number % len(COUNTS)])
    dies = world.determination(declared)["dies"]
    dies[0]["gds_transistors"] = transistors
    determination = world.determination(
        declared,
        dies=dies,
        aatc_transistors=UNKNOWN if number % 20 == 13 else transistors,
    )
    return bundle(
        [
            seal(declared, [world.designer.signer]),
            seal(statement(DETERMINATION_TYPE, determination), [world.fabricator.signer]),
        ]
    )
