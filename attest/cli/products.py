"""Products to ask about, from whatever holds them: papers, tables, facts, folders; and logs.

A declaration is a signed envelope, a submission, a case file, a bare statement, or a source of
`attest declare` (TOML, JSON, CSV). A determination belongs to the declaration whose digest it
names; a source NAME.determination.toml to the one of NAME.toml, or to the only one there is. What
nobody stated is unknown. Signatures of papers are not looked at here: they are those of a log that
`attest.survey` verifies.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "a.json").write_text('{"item": {"name": "TQ-7"}, "transaction": '
...     '{"completion_date": "2026-12-15"}}')
>>> found = read_products([str(folder)], exporter="other", decided=dt.date(2026, 11, 24),
...     left_out=print)
>>> found[0].name, dt.date.fromordinal(found[0].facts.values["transaction.decision_date"])
('TQ-7', datetime.date(2026, 11, 24))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from attest import encoding, schemas
from attest.cli import documents, files, sources
from attest.cli.contents import Found, look_into
from attest.cli.failures import about
from attest.cli.rehearsal import NOBODY, PARTY_ROLE
from attest.cli.statements import declaration_statement
from attest.encoding import Json
from attest.errors import CODES, InputError, TrustError
from attest.models import (
    DECLARATION_TYPE,
    DETERMINATION_TYPE,
)
from attest.rules import toml
from attest.rules.facts import Facts, derive_facts, facts_from_json
from attest.rules.register import GROUPS, MODES

_SUFFIXES: Final = (".csv", ".json", ".toml")
_DETERMINATION: Final = ".determination"
_NO_DIGEST: Final = encoding.digest(b"")
_NO_DESIGN: Final = {"form": "file", "sha256": "00" * 32, "describes": "not named yet"}


@dataclass(frozen=True)
class Product:
    """A product with the facts that are known of it; `source` is the file that it came from.

    `parties` are those of the declaration, none for facts.
    """

    name: str
    tape_out_id: str
    source: str
    facts: Facts
    parties: Sequence[Json] = ()


@dataclass
class _Papers:
    """What the sources hold so far.

    Declarations are by digest, with their source and predicate; determinations are source, digest
    of the declaration (empty where the source names none) and predicate. All follow their schemas.
    """

    declarations: dict[str, tuple[str, Json]] = field(default_factory=dict)
    determinations: list[tuple[str, str, Json]] = field(default_factory=list)
    facts: list[tuple[str, Json]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def read_products(
    paths: Sequence[str],
    *,
    exporter: str,
    decided: dt.date,
    left_out: Callable[[str], None],
) -> list[Product]:
    """Read every product of files and folders, in their order.

    Args:
        exporter: the role of the foundry that would decide.
        decided: the day of decision of what names none.
        left_out: told of every file in a folder that holds nothing to ask about.

    Raises:
        InputError: file, and what is wrong with a source; not-a-submission.
        TrustError: determination-not-linked.
    """
    papers = _Papers()
    for path in paths:
        _read(path, papers)
    for path in papers.left_out:
        left_out(path)
    products = _declared(papers, exporter=exporter, decided=decided)
    products += [_of_facts(source, document, decided) for source, document in papers.facts]
    if not products:
        raise InputError("not-a-submission", "the sources hold no declaration and no facts")
    return products


def _read(path: str, papers: _Papers) -> None:
    folder = Path(path)
    if not folder.is_dir():
        with about(files.name_of(path)):
            _read_file(path, papers)
        return
    with about(path):
        try:
            found = sorted(each for each in folder.iterdir() if each.suffix.lower() in _SUFFIXES)
        except OSError as error:
            raise InputError("file", (error.strerror or "cannot be read").lower()) from None
        if not found:
            raise InputError("file", f"no file in it ends in {', '.join(_SUFFIXES)}")
    for each in found:
        with about(str(each)):
            try:
                _read_file(str(each), papers)
            except InputError as error:
                if error.code not in ("unknown-predicate-type", "not-found"):
                    raise
                papers.left_out.append(str(each))


def _read_file(path: str, papers: _Papers) -> None:
    raw, suffix = files.read_bytes(path), Path(path).suffix.lower()
    if suffix == ".csv":
        for predicate in sources.read(raw, "csv", "declaration"):
            _add_declaration(path, predicate, papers)
    elif suffix == ".toml":
        _read_source(path, raw, "toml", toml.loads(raw, bytes_max=len(raw)), papers)
    else:
        _read_json(path, raw, papers)


def _read_json(path: str, raw: bytes, papers: _Papers) -> None:
    try:
        recognised = documents.recognise(raw)
    except InputError as error:
        if error.code != "not-found":
            raise
        content = documents.loads(raw)
        if isinstance(content, list):
            for position, each in enumerate(content):
                with about(f"item {position}"):
                    _read_json(path, encoding.canonical(each), papers)
        elif isinstance(content, dict) and content and set(content) <= set(GROUPS):
            papers.facts.append((path, content))
        else:
            _read_source(path, raw, "json", content, papers)
        return
    contents = look_into(recognised)
    for pointer, why in contents.faults:
        code, _, detail = why.partition(": ")
        known = code in CODES and CODES[code].blame == "InputError"
        raise InputError(
            code if known else "schema-violation", detail if known else why, pointer=pointer
        )
    useful = [each for each in contents.statements if _add_statement(path, each, papers)]
    if not useful:
        raise InputError("unknown-predicate-type", "holds no declaration and no determination")


def _add_statement(path: str, found: Found, papers: _Papers) -> bool:
    predicate = found.statement["predicate"]
    kind = found.statement["predicateType"]
    if kind == DECLARATION_TYPE:
        papers.declarations.setdefault(found.digest, (path, predicate))
    elif kind == DETERMINATION_TYPE:
        papers.determinations.append((path, predicate["declaration"], predicate))
    return kind in (DECLARATION_TYPE, DETERMINATION_TYPE)


def _read_source(path: str, raw: bytes, form: str, content: Json, papers: _Papers) -> None:
    if isinstance(content, dict) and "attester_role" in content:
        (source,) = sources.read(raw, form, "determination")
        predicate = encoding.loads(encoding.canonical({**source, "declaration": _NO_DIGEST}))
        schemas.validate("determination", predicate)
        papers.determinations.append((path, "", predicate))
    elif isinstance(content, dict) and "product" in content:
        (source,) = sources.read(raw, form, "declaration")
        _add_declaration(path, source, papers)
    else:
        raise InputError("not-found", "neither a document of docs/SPEC.md, nor facts, nor a source")


def _add_declaration(path: str, predicate: Mapping[str, Json], papers: _Papers) -> None:
    statement = declaration_statement({"design": [_NO_DESIGN], **predicate})
    digest = encoding.digest(encoding.canonical(statement))
    papers.declarations.setdefault(digest, (path, statement["predicate"]))


def _declared(papers: _Papers, *, exporter: str, decided: dt.date) -> list[Product]:
    linked: dict[str, dict[str, Json]] = {}
    for source, digest, determination in papers.determinations:
        with about(source):
            owner = digest if digest in papers.declarations else _owner(source, digest, papers)
            roles = linked.setdefault(owner, {})
            if roles.setdefault(determination["attester_role"], determination) != determination:
                raise InputError("not-a-submission", "two determinations in one attester role")
    return [
        Product(
            name=claims["product"]["name"],
            tape_out_id=claims["product"]["tape_out_id"],
            source=source,
            facts=_facts(claims, linked.get(digest, {}).values(), exporter, decided),
            parties=claims["parties"],
        )
        for digest, (source, claims) in papers.declarations.items()
    ]


def _owner(source: str, digest: str, papers: _Papers) -> str:
    """The declaration of a determination that was not made for its digest yet."""
    path = Path(source)
    owner = path.with_name(f"{path.stem.removesuffix(_DETERMINATION)}{path.suffix}")
    named = [each for each, (declared, _) in papers.declarations.items() if Path(declared) == owner]
    for candidates in (named, list(papers.declarations)):
        if not digest and len(candidates) == 1:
            return candidates[0]
    raise TrustError(
        "determination-not-linked", "no declaration of the sources is the one it is for"
    )


def _facts(claims: Json, determinations: Iterable[Json], exporter: str, decided: dt.date) -> Facts:
    names = {party["role"]: party["name"] for party in claims["parties"]}
    return derive_facts(
        declaration=claims,
        designer_name=names["designer"],
        determinations=[
            (each, names.get(PARTY_ROLE[each["attester_role"]], NOBODY)) for each in determinations
        ],
        exporter=exporter,
        decided=decided,
        mode=MODES[0],
    )


def _of_facts(source: str, document: Json, decided: dt.date) -> Product:
    with about(source):
        facts = facts_from_json(document)
        placed = {
            "transaction.decision_date": decided.toordinal(),
            "transaction.mode": MODES[0],
            **facts.values,
        }
        if "transaction.completion_date" not in placed:
            raise InputError("facts-malformed", "completion_date is needed", pointer="/transaction")
    name = facts.values.get("item.name", Path(source).stem)
    return Product(name=str(name), tape_out_id="", source=source, facts=Facts(placed))
