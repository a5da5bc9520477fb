"""Pack documents from strangers: any bytes give a pack or a typed refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attest import limits
from attest.encoding import Json, canonical
from attest.errors import RuleError
from attest.rules.pack import compile_pack, read_pack_folder
from tests.rules.packs import folder


@pytest.fixture
def document(tmp_path: Path) -> Json:
    return json.loads(read_pack_folder(folder(tmp_path)))


def compile_document(document: Json) -> str:
    with pytest.raises(RuleError) as caught:
        compile_pack(canonical(document))
    assert caught.value.code == "pack-invalid"
    return caught.value.detail


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (b"", "the document: json-malformed: line 1, column 1"),
        (b"[]", "the document: not a pack"),
        (b"{}", "the document: not a pack"),
        (b'{"engine":true}', "the document: not a pack"),
        (b'{"engine":1}', "pack: v is missing"),
        (b'{"engine": 1}', "the document: not canonical JSON"),
        (b'{"engine":1,"engine":1}', "the document: json-duplicate-key: a member name appears tw"),
        (b'{"engine":1.0}', "the document: json-float: only whole numbers are allowed"),
        (b" " * (limits.PACK_BYTES_MAX + 1), "the document: too-large: the document is over"),
    ],
)
def test_bytes_that_are_no_pack(raw: bytes, detail: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_pack(raw)
    assert caught.value.code == "pack-invalid"
    assert caught.value.detail.startswith(detail)


def nodes(value: Json) -> list[Json]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(node for child in below for node in nodes(child))]


def test_a_document_of_any_other_shape_is_refused(tmp_path: Path, document: Json) -> None:
    """Every member taken away, retyped or added: a typed refusal or a pack, never anything else."""
    refused = 0
    for table in nodes(document):
        if not isinstance(table, dict):
            continue
        for name in [*table]:
            kept = table[name]
            for other in (None, 0, -1, True, "", " ", "x", [], {}, [1], {"x": 1}, ["x"]):
                table[name] = other
                refused += is_refused(document)
            del table[name]
            refused += is_refused(document)
            table[name] = kept
        table["extra"] = "text"
        assert is_refused(document)
        del table["extra"]
    assert refused > 1500
    assert not is_refused(document)


def is_refused(document: Json) -> bool:
    try:
        compile_pack(canonical(document))
    except RuleError as error:
        return error.code in {"pack-invalid", "expression-invalid", "engine-unknown"}
    return False


@pytest.mark.parametrize("section", ["params", "rules"])
def test_a_section_out_of_order_is_refused(document: Json, section: str) -> None:
    document[section].reverse()
    assert "is not in the order of name" in compile_document(document)
