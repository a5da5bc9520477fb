"""`attest rules sign` and what follows it: a second signature, and the service that records it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from attest.activation import open_activation
from attest.encoding import canonical, digest, loads
from attest.replay import replay
from service.__main__ import main
from tests.cli.helpers import attest, check_failed, document, succeeded, write_key
from tests.test_forgery import HELD
from tests.world import NOW, PACKS, World, pack_bytes
from tests.world_log import found_world, open_log

AT = ("--activated-at", "2026-11-24T14:00:00Z", "--yes")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def papers(tmp_path: Path, world: World) -> dict[str, Path]:
    """The snapshot, the keys of two reviewers, the foundry's keyset."""
    found = {"trust": tmp_path / "trust.json", "keyset": tmp_path / "keyset.json"}
    found["trust"].write_bytes(world.trust_bytes())
    found["keyset"].write_bytes(world.foundry.keyset())
    for number, signer in enumerate(world.reviewers, 1):
        found[f"key{number}"] = write_key(tmp_path / f"reviewer{number}.pem", signer)
    return found


def signed_by_two(papers: dict[str, Path], folder: Path) -> Path:
    """An activation of both packs that ship with the tests."""
    first, both = folder / "first.json", folder / "activation.json"
    arguments = ["--trust", papers["trust"], "--key", papers["key1"], "--keyset", papers["keyset"]]
    reason = ["--reason", "Counsel has approved both editions."]
    result = attest("rules", "sign", *PACKS, *arguments, *reason, *AT, "-o", first, "--json")
    assert document(succeeded(result))["file"] == str(first)
    succeeded(attest("sign", first, "--add", "--key", papers["key2"], "--yes", "-o", both))
    return both


def test_two_people_activate_and_the_service_records_it(
    tmp_path: Path, papers: dict[str, Path], world: World
) -> None:
    activation = signed_by_two(papers, tmp_path)
    opened = open_activation(activation.read_bytes(), trust=world.trust(), at=NOW)
    assert [pack.id for pack in opened.activation.packs] == ["house-example", "us-ear"]
    found_world(world, tmp_path / "data")
    with open_log(world, tmp_path / "data") as log:
        log.register([HELD])
    arguments = ["activate", tmp_path / "data", activation, "--pack", "house-example"]
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert (result.exit_code, result.stdout) == (0, "")
    assert "the new trust snapshot is entry" in result.stderr
    with open_log(world, tmp_path / "data") as log:
        assert [pack.id for pack in log.standing.trust.packs] == ["us-ear", "house-example"]
        report = replay(log.export(tmp_path / "export"), log_keys=log.keys)
    assert [name for _, name in report.trusts] == [world.trust().digest, opened.snapshot]


def test_one_signature_is_not_enough(tmp_path: Path, papers: dict[str, Path], world: World) -> None:
    signed_by_two(papers, tmp_path)
    found_world(world, tmp_path / "data")
    arguments = ["activate", tmp_path / "data", tmp_path / "first.json", "--pack", "house-example"]
    result = CliRunner().invoke(main, [str(each) for each in arguments])
    assert result.exit_code == 1
    with open_log(world, tmp_path / "data") as log:
        assert log.standing.trust.digest == world.trust().digest


def test_the_signer_sees_what_changes(papers: dict[str, Path]) -> None:
    arguments = ["--trust", papers["trust"], "--key", papers["key1"], "--reason", "Approved."]
    result = attest("rules", "sign", "us-ear", *arguments, *AT, "--mode", "bis_practice")
    assert "From then on these packs decide, in mode bis_practice:" in result.stderr
    assert digest(pack_bytes("us-ear")) in result.stderr
    assert digest(papers["trust"].read_bytes()) in result.stderr
    envelope = json.loads(succeeded(result).stdout)
    assert len(envelope["signatures"]) == 1


@pytest.mark.parametrize(
    ("change", "exit_code", "code"),
    [
        ({"trust": "/no/such/file"}, 2, "file"),
        ({"key": "/no/such/file"}, 2, "file"),
        ({"pack": "no-such-pack"}, 2, "not-found"),
        ({"keyset": "designer"}, 3, "unknown-key"),
    ],
)
def test_what_cannot_be_signed(
    change: dict[str, str],
    exit_code: int,
    code: str,
    papers: dict[str, Path],
    world: World,
    tmp_path: Path,
) -> None:
    stranger = tmp_path / "designer.json"
    stranger.write_bytes(world.designer.keyset())
    keyset = stranger if change.get("keyset") else papers["keyset"]
    result = attest(
        *("rules", "sign", change.get("pack", "us-ear"), "--reason", "Approved.", *AT),
        *("--trust", change.get("trust", papers["trust"]), "--keyset", keyset),
        *("--key", change.get("key", papers["key1"])),
    )
    check_failed(result, exit_code, code)


def test_a_snapshot_that_is_none(papers: dict[str, Path]) -> None:
    document = loads(papers["trust"].read_bytes()) | {"review_threshold": 1}
    papers["trust"].write_bytes(canonical(document))
    arguments = ["--trust", papers["trust"], "--key", papers["key1"], "--reason", "Approved."]
    check_failed(attest("rules", "sign", "us-ear", *arguments, *AT), 2, "schema-violation")


def test_the_key_is_a_reviewers(papers: dict[str, Path], world: World, tmp_path: Path) -> None:
    """A key of the foundry that signs statements is refused by its record."""
    key = write_key(tmp_path / "statement.pem", world.foundry.signer)
    arguments = ["--trust", papers["trust"], "--key", key, "--keyset", papers["keyset"]]
    result = attest("rules", "sign", "us-ear", *arguments, "--reason", "Approved.", *AT)
    check_failed(result, 3, "key-purpose")
