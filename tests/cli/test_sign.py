"""`attest sign`: what is shown, who agrees, what is signed, a second signature."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attest.cli.screen import json_bytes
from attest.cli.sentences import LIABILITY, sentences
from attest.encoding import canonical, encode_base64, loads
from attest.envelope import KeyRing, open_envelope
from attest.models import DECLARATION_TYPE, DETERMINATION_TYPE, REVIEW_TYPE, Keyset, parse
from tests.cli.helpers import (
    attest,
    attest_terminal,
    check_failed,
    decision_of,
    declaration_file,
    document,
    succeeded,
    write_json,
    write_key,
)
from tests.cli.pages import json_members
from tests.mutations import read_examples
from tests.world import DECLARATION, DETERMINATION, NOW, World, derived_signer, statement


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def declaration(tmp_path: Path, world: World) -> Path:
    return declaration_file(tmp_path, world)


@pytest.fixture
def key(tmp_path: Path, world: World) -> Path:
    return write_key(tmp_path / "key.pem", world.designer.signer)


def opened(world: World, envelope: Any, purpose: str = "statement") -> bytes:
    """The payload of an envelope, verified."""
    ring = KeyRing.of([parse(Keyset, loads(raw)) for raw in world.keysets().values()])
    return open_envelope(envelope, ring=ring, at=NOW, purpose=purpose).payload


def test_the_envelope_opens_and_holds_the_canonical_bytes(
    world: World, declaration: Path, key: Path, tmp_path: Path
) -> None:
    pretty = tmp_path / "pretty.json"
    pretty.write_bytes(json_bytes(loads(declaration.read_bytes())))
    target = tmp_path / "signed.json"
    result = attest("sign", pretty, "--key", key, "--yes", "-o", target, "--json")
    told = document(succeeded(result))
    assert set(told) == json_members("`sign`")
    envelope = loads(target.read_bytes(), string_bytes_max=10**6)
    assert opened(world, envelope) == canonical(loads(declaration.read_bytes()))
    assert told["keyid"] == world.designer.signer.keyid
    assert target.read_bytes() == canonical(envelope)
    told_again = check_failed(
        attest("sign", pretty, "--key", key, "--yes", "-o", target), 2, "file"
    )
    assert "This declaration says" not in told_again


def test_the_sentences_are_shown_before_signing(declaration: Path, key: Path) -> None:
    result = succeeded(attest("sign", declaration, "--key", key, "--yes"))
    for part in (
        "I, Mei-Ling Chen, Head of Trade Compliance, make this declaration to formosa.",
        "The product is Tianqiu A1, tape-out TQ-A1-R0, revision 0.",
        "12,000,000,000 (12 billion, 120億) transistors each, by method measured",
        "high-bandwidth memory: no",
        LIABILITY,
    ):
        assert part in result.stderr
    assert b64decode(document(result)["payload"])


def test_sentences_end_once(world: World) -> None:
    parties = [{**world.declaration()["parties"][0], "name": "A Inc.", "name_latin": "A Inc."}]
    changed = world.declaration(end_use="Switches.", parties=parties)
    told = sentences(loads(statement(DECLARATION_TYPE, changed)))
    assert "The end use is: Switches." in told
    assert f"The parties are: {parties[0]['role']} A Inc." in told


def test_sentences_say_who_is_not_there_and_who_owns_whom() -> None:
    told = sentences(loads(statement(DECLARATION_TYPE, read_examples()["declaration-owners"])))
    assert "Nobody acts as forwarder." in told
    assert (
        "Example Boards GmbH is owned by: Example Holding B.V. (company), 49.99 percent, "
        "on no list; Erika Example (person), 50.01 percent, on no list."
    ) in told
    assert (
        "Example Holding B.V. is owned by: Example Fund (company), share unknown, "
        "on the list EL; Shareholders of the free float (dispersed), 25.00 percent, "
        "listed or not is unknown."
    ) in told


def changed_leaves(value: Any) -> Iterator[Any]:
    """The document with one leaf changed, for every leaf."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from ({**value, name: each} for each in changed_leaves(member))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            rest = value[index + 1 :]
            yield from ([*value[:index], each, *rest] for each in changed_leaves(item))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value}x"


@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        (DECLARATION_TYPE, DECLARATION),
        (DECLARATION_TYPE, read_examples()["declaration-owners"]),
        (DETERMINATION_TYPE, DETERMINATION),
    ],
)
def test_nothing_is_signed_that_the_sentences_hide(kind: str, predicate: dict[str, Any]) -> None:
    before = sentences(loads(statement(kind, predicate)))
    assert len(before) == len(set(before))
    changes = list(changed_leaves(predicate))
    assert len(changes) > 30
    for changed in changes:
        assert sentences(loads(statement(kind, changed))) != before, changed


def test_without_a_terminal_nobody_agrees(declaration: Path, key: Path) -> None:
    told = check_failed(attest("sign", declaration, "--key", key), 1, "usage")
    assert "--yes" in told


@pytest.mark.parametrize(("typed", "code"), [("Tianqiu A1", 0), ("yes", 1)])
def test_on_a_terminal_the_name_of_the_product_is_typed(
    declaration: Path, key: Path, typed: str, code: int
) -> None:
    target = declaration.with_name("signed.json")
    code_of, shown = attest_terminal(
        *("sign", declaration, "--key", key, "-o", target),
        typed=[("Type Tianqiu A1 to sign", typed)],
    )
    assert code_of == code, shown
    assert target.exists() == (code == 0)


def test_an_encrypted_key(declaration: Path, tmp_path: Path, world: World) -> None:
    locked = write_key(tmp_path / "locked.pem", world.designer.signer, b"correct horse")
    arguments = ["sign", str(declaration), "--key", str(locked), "--yes"]
    succeeded(attest(*arguments, env={"ATTEST_PASSPHRASE": "correct horse"}))
    check_failed(attest(*arguments, env={"ATTEST_PASSPHRASE": "wrong"}), 2, "passphrase")
    told = check_failed(attest(*arguments), 2, "passphrase")
    assert "--passphrase-file" in told


def test_what_cannot_be_signed(tmp_path: Path, key: Path, world: World) -> None:
    arguments = ["--key", str(key), "--yes"]
    broken = world.declaration()
    del broken["end_use"]
    bad = write_json(
        tmp_path / "bad.json", loads(statement("urn:foundry-attest:declaration:v1", broken))
    )
    told = check_failed(attest("sign", bad, *arguments), 2, "schema-violation")
    assert "at /predicate" in told
    foreign = write_json(tmp_path / "foreign.json", loads(statement("urn:x", {})))
    check_failed(attest("sign", foreign, *arguments), 2, "unknown-predicate-type")
    keyset = write_json(tmp_path / "k.json", {"v": 1, "party": {}, "keys": []})
    check_failed(attest("sign", keyset, *arguments), 2, "unknown-predicate-type")
    decision = loads(decision_of(world, world.submission()), string_bytes_max=10**6)
    payload = write_json(tmp_path / "p.json", loads(b64decode(decision["payload"])))
    told = check_failed(attest("sign", payload, *arguments), 1, "usage")
    assert "not by hand" in told


def test_what_is_no_key(declaration: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.touch(mode=0o600)
    junk.write_bytes(b"junk")
    told = check_failed(attest("sign", declaration, "--key", junk, "--yes"), 2, "key-malformed")
    assert "junk.pem" in told


def test_a_second_signature_over_the_very_same_bytes(world: World, tmp_path: Path) -> None:
    decision = loads(decision_of(world, world.submission()), string_bytes_max=10**6)
    payload = b64decode(decision["payload"])
    review = loads(world.review(payload, loads(payload)["subject"], signers=[world.reviewers[0]]))
    once = write_json(tmp_path / "once.json", review)
    second = write_key(tmp_path / "second.pem", world.reviewers[1])
    result = succeeded(attest("sign", once, "--add", "--key", second, "--yes"))
    twice = document(result)
    assert len(twice["signatures"]) == 2
    assert twice["payload"] == review["payload"]
    assert opened(world, twice, "review") == b64decode(review["payload"])
    assert "I release it, for reason evidence-received." in result.stderr
    unnamed = {**twice, "signatures": [{"sig": each["sig"]} for each in twice["signatures"]]}
    for envelope in (twice, unnamed):
        again = write_json(tmp_path / "twice.json", envelope)
        check_failed(
            attest("sign", again, "--add", "--key", second, "--yes"), 3, "signature-repeated"
        )


def test_adding_and_signing_are_not_mixed_up(
    declaration: Path, key: Path, tmp_path: Path, world: World
) -> None:
    check_failed(attest("sign", declaration, "--add", "--key", key, "--yes"), 1, "usage")
    signed = write_json(tmp_path / "signed.json", loads(world.submission())["envelopes"][0])
    told = check_failed(attest("sign", signed, "--key", key, "--yes"), 1, "usage")
    assert "--add" in told


@pytest.mark.parametrize(
    ("purpose", "valid", "code", "error"),
    [
        ("review", ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"), 3, "key-purpose"),
        ("statement", ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), 3, "key-not-valid-then"),
        ("statement", ("2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z"), 3, "key-not-valid-then"),
    ],
)
def test_a_key_that_its_record_forbids(
    declaration: Path,
    key: Path,
    world: World,
    tmp_path: Path,
    purpose: str,
    valid: tuple[str, str],
    code: int,
    error: str,
) -> None:
    keyset = loads(world.designer.keyset())
    record = {**keyset["keys"][0], "purpose": purpose}
    record["valid_from"], record["valid_until"] = valid
    path = write_json(tmp_path / "keyset.json", {**keyset, "keys": [record]})
    check_failed(attest("sign", declaration, "--key", key, "--yes", "--keyset", path), code, error)


def test_a_keyset_that_fits_says_who_signs(
    declaration: Path, key: Path, world: World, tmp_path: Path
) -> None:
    keyset = loads(world.designer.keyset())
    keyset["keys"][0]["valid_until"] = "2199-12-31T23:59:59Z"
    path = write_json(tmp_path / "keyset.json", keyset)
    result = succeeded(attest("sign", declaration, "--key", key, "--yes", "--keyset", path))
    assert "Signing as Mei-Ling Chen" in result.stderr
    assert "for Tianqiu Design Inc.\n" in result.stderr
    path.write_bytes(world.osat.keyset())
    check_failed(
        attest("sign", declaration, "--key", key, "--yes", "--keyset", path), 3, "unknown-key"
    )


def test_an_envelope_with_its_fill_of_signatures(
    declaration: Path, tmp_path: Path, key: Path
) -> None:
    one = document(succeeded(attest("sign", declaration, "--key", key, "--yes")))
    full = [
        {"keyid": derived_signer(str(number)).keyid, "sig": encode_base64(bytes(64))}
        for number in range(16)
    ]
    path = write_json(tmp_path / "full.json", {**one, "signatures": full})
    check_failed(attest("sign", path, "--add", "--key", key, "--yes"), 2, "schema-violation")


def test_from_stdin(declaration: Path, key: Path) -> None:
    result = attest("sign", "-", "--key", key, "--yes", stdin=declaration.read_bytes())
    assert document(succeeded(result))["signatures"]


def test_sentences_of_a_review_name_its_decision() -> None:
    predicate = {
        "decision": "sha256:" + "22" * 32,
        "action": "ask",
        "reason_code": "site",
        "reason": "Which site?",
        "evidence": [],
        "reviewed_at": "2026-11-24T14:00:00Z",
    }
    told = " ".join(sentences(loads(statement(REVIEW_TYPE, predicate))))
    for part in ("sha256:2222", "ask", "site", "Which site?", "2026-11-24"):
        assert part in told
