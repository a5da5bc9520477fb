"""Asking a question of sources: of each product of papers, tables and facts, or of a log.

What `attest whatif` and `attest calendar` have in common: their arguments, and from those to the
products with their answers.
"""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from attest import limits
from attest.cli import clock, files, packs
from attest.cli.failures import about
from attest.cli.log_keys import STORE, find_log, log_keys_option
from attest.cli.products import read_products
from attest.cli.progress import progress
from attest.cli.screen import Screen
from attest.encoding import Json
from attest.ledger import Shipment, read_shipments
from attest.rules.edition import open_edition
from attest.rules.register import EXPORTERS, MODES
from attest.screened import Parties
from attest.survey import survey
from attest.whatif import Answer, Question

_MAGIC: Final = b"SQLite format 3\x00"
_US_EAR: Final = ("us-ear",)


class Asked(NamedTuple):
    """A product with its answer; `place` says where it came from, as data."""

    name: str
    tape_out_id: str
    place: Mapping[str, Json]
    answer: Answer


@dataclass(frozen=True)
class Answers:
    """The products with their answers, and what is to be said of their source.

    `documents` are the packs that papers and facts stand under; those of a log are in the log.
    """

    products: tuple[Asked, ...]
    source: Mapping[str, Json]
    refused: Mapping[str, int]
    replaced: int
    documents: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The arguments that say what to ask about."""

    paths: tuple[str, ...]
    base_packs: tuple[str, ...]
    exporter: str
    decided: dt.date | None
    log_keys: str | None
    processes: int

    @classmethod
    def of_log(cls, path: str, log_keys: str | None, processes: int) -> Sources:
        """A log alone."""
        return cls(
            paths=(path,),
            base_packs=(),
            exporter=EXPORTERS[0],
            decided=None,
            log_keys=log_keys,
            processes=processes,
        )


def sourced(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command SOURCE... and the options that go with it, as its argument `given`."""
    options: list[Callable[[Callable[..., Any]], Callable[..., Any]]] = [
        click.argument("paths", nargs=-1, required=True, metavar="SOURCE..."),
        click.option(
            "--base-pack",
            "base_packs",
            multiple=True,
            help="The packs that papers and facts stand under (default: us-ear).",
        ),
        click.option(
            "--exporter",
            type=click.Choice(EXPORTERS),
            default=EXPORTERS[0],
            show_default=True,
            help="The role of the foundry that decides on papers.",
        ),
        click.option(
            "--decided",
            type=clock.DATE,
            help="Day of decision of what names none (default: today).",
        ),
        log_keys_option(required=False),
        click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True),
    ]

    @wraps(function)
    def with_sources(**arguments: Any) -> int:
        names = ("paths", "base_packs", "exporter", "decided", "log_keys", "processes")
        given = Sources(**{name: arguments.pop(name) for name in names})
        return function(given=given, **arguments)

    wrapped: Callable[..., int] = with_sources
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


pack_option: Final = click.option(
    "--pack",
    "names",
    multiple=True,
    help="Try these packs instead; one that ships, a folder or a JSON file; may be repeated.",
)
ledger_option: Final = click.option(
    "--ledger", metavar="FILE", help="Shipments before: JSON, as attest.ledger reads it."
)
mode_option: Final = click.option("--mode", type=click.Choice(MODES), help="Try this mode instead.")


def read_ledger(path: str | None) -> tuple[Shipment, ...] | None:
    """The shipments of `--ledger`, None without it.

    Raises:
        InputError: file, ledger-malformed, too-large, the json codes.
    """
    if path is None:
        return None
    raw = files.read_bytes(path, bytes_max=limits.LEDGER_BYTES_MAX)
    with about(files.name_of(path)):
        return read_shipments(raw)


def ask(screen: Screen, given: Sources, question: Question) -> Answers:
    """Ask a question of every product of the sources.

    Raises:
        InputError, TrustError, RuleError, LogError: what is wrong with a source.
    """
    logs = [path for path in given.paths if _is_log(Path(path))]
    if not logs:
        return _ask_papers(screen, given, question)
    if len(given.paths) > 1:
        raise click.UsageError("a log is asked alone")
    if given.base_packs:
        raise click.UsageError("--base-pack is for papers; a log names its packs")
    return ask_log(screen, given, question)


def _ask_papers(screen: Screen, given: Sources, question: Question) -> Answers:
    products = read_products(
        given.paths,
        exporter=given.exporter,
        decided=given.decided or clock.today(),
        left_out=lambda path: screen.say(
            f"! Left out {path}: it holds no declaration, determination or facts."
        ),
    )
    documents = tuple(each.raw for each in packs.load_all(given.base_packs or _US_EAR))
    editions = list(map(open_edition, documents))
    asked = []
    with progress(screen, "asked", total=len(products)) as advance:
        for each in products:
            with about(each.source):
                answer = question.answer(each.facts, editions, Parties(each.parties))
            asked.append(Asked(each.name, each.tape_out_id, {"source": each.source}, answer))
            if advance is not None:
                advance(1)
    used = packs_json([each.pack for each in editions])
    return Answers(tuple(asked), {"packs": used}, {}, 0, documents)


def ask_log(screen: Screen, given: Sources, question: Question) -> Answers:
    """Ask a question of every product of the log that is the one source.

    Raises:
        InputError, TrustError, RuleError, LogError: what is wrong with it.
    """
    path = Path(given.paths[0])
    live, keys = find_log(screen, path, given.log_keys)
    gc.freeze()  # what is loaded stays: looking for garbage in it costs a twentieth
    with about(str(path)), progress(screen, "asked") as advance:
        found = survey(live, question, log_keys=keys, processes=given.processes, progress=advance)
    asked = (
        Asked(each.name, each.tape_out_id, {"entry": each.entry}, each.answer)
        for each in found.products
    )
    log = {"origin": found.checkpoint.origin, "size": found.checkpoint.size}
    return Answers(tuple(asked), {"log": log}, found.refusals, found.replaced)


def _is_log(path: Path) -> bool:
    if path.is_dir():
        return any((path / name).exists() for name in (STORE, "checkpoint", "tile"))
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def packs_json(used: Sequence[Any]) -> list[Json]:
    """Packs as every command names them."""
    return [{"id": pack.id, "edition": pack.edition, "digest": pack.digest} for pack in used]


def left_aside(answers: Answers) -> list[str]:
    """What a log holds beside the products that were asked about, for people."""
    told = [f"{count} refused ({code})" for code, count in answers.refused.items()]
    if answers.replaced:
        told.append(f"{answers.replaced} replaced by a later decision")
    return told
