"""`attest keys enrol | rotate | revoke | submit`: files to a signed change to a running service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.encoding import loads
from attest.keyset_change import OpenedKeysetChange, check_changed, open_keyset_change
from tests.cli.helpers import (
    Log,
    attest,
    check_failed,
    decision_of,
    document,
    succeeded,
    write_json,
    write_key,
)
from tests.cli.pages import json_members
from tests.keyset_changes import (
    NEXT,
    add_key,
    changed,
    enrol,
    new_reviewer,
    revoked,
    rotate,
    signed_change,
)
from tests.service.house import House, found_house, held, running
from tests.world import NOW, World

REASON = ("--reason", "Read out by telephone to the number in the contract.")
AT = ("--changed-at", "2026-11-24T14:00:00Z")


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture
def papers(tmp_path: Path, world: World) -> dict[str, Path]:
    """The snapshot, the keysets as they are and as they shall be, the keys of two reviewers."""
    found = {
        "trust": world.trust_bytes(),
        "enrolled": world.designer.keyset(),
        "foundry": world.foundry.keyset(),
        "newcomer": changed(enrol, world).actors[-1].keyset(),
        "rotated": changed(add_key, world).designer.keyset(),
    }
    paths = {name: tmp_path / f"{name}.json" for name in found}
    for name, raw in found.items():
        paths[name].write_bytes(raw)
    write_json(paths["rotated"], loads(found["rotated"]))
    for number, signer in enumerate(world.reviewers, 1):
        paths[f"key{number}"] = write_key(tmp_path / f"reviewer{number}.pem", signer)
    return paths


@pytest.fixture
def house(tmp_path: Path, world: World) -> Iterator[House]:
    found_house(tmp_path / "data", world)
    with running(tmp_path / "data", world) as house:
        yield house


def by_two(papers: dict[str, Path], folder: Path, *command: object) -> Path:
    """What the first reviewer makes and signs, and the second signs too."""
    first, both = folder / "first.json", folder / "change.json"
    options = ("--trust", papers["trust"], *REASON, *AT, "--keyset", papers["foundry"])
    made = attest(
        "keys", *command, *options, "--key", papers["key1"], "--yes", "-o", first, "--json"
    )
    assert document(succeeded(made))["file"] == str(first)
    added = attest("sign", first, "--add", "--key", papers["key2"], "--yes", "-o", both)
    assert "From then on" in succeeded(added).stderr
    return both


def opened(raw: bytes, world: World) -> OpenedKeysetChange:
    return open_keyset_change(raw, trust=world.trust(), at=NOW)


def test_enrolling(papers: dict[str, Path], world: World, tmp_path: Path) -> None:
    after = changed(enrol, world)
    change = opened(by_two(papers, tmp_path, "enrol", papers["newcomer"]).read_bytes(), world)
    check_changed(change, before=world.trust(), after=after.trust())
    assert change.holders == ("Ana Costa", "Wei Lin")


def test_rotating(papers: dict[str, Path], world: World, tmp_path: Path) -> None:
    """The same bytes as the simulated world makes of the same change."""
    old = world.designer.signer.keyid
    command = ("rotate", papers["enrolled"], papers["rotated"], "--retire", old[:15])
    change = opened(by_two(papers, tmp_path, *command).read_bytes(), world)
    check_changed(change, before=world.trust(), after=changed(rotate, world).trust())
    assert [each.revoked.reason for each in change.change.revoked] == ["superseded"]


@pytest.mark.parametrize(
    ("arguments", "reasons"),
    [
        (["--all", "--because", "withdrawn"], ["withdrawn"]),
        (["KEY", "--because", "retired"], ["retired"]),
        (
            ["KEY", "--because", "compromised", "--suspect-from", "2026-10-01T00:00:00Z"],
            ["compromised"],
        ),
    ],
)
def test_revoking(
    arguments: list[str],
    reasons: list[str],
    papers: dict[str, Path],
    world: World,
    tmp_path: Path,
) -> None:
    keyid = world.designer.signer.keyid
    command = [keyid if each == "KEY" else each for each in arguments]
    raw = by_two(papers, tmp_path, "revoke", papers["enrolled"], *command).read_bytes()
    change = opened(raw, world)
    assert [each.revoked.reason for each in change.change.revoked] == reasons
    assert [each.keyid for each in change.change.revoked] == [keyid]


def test_a_statement_is_signed_by_whoever_comes(
    papers: dict[str, Path], world: World, tmp_path: Path
) -> None:
    """Without --key it is written; it says what it does to whoever signs it."""
    plain, signed = tmp_path / "statement.json", tmp_path / "signed.json"
    arguments = ("--trust", papers["trust"], *REASON, *AT)
    made = attest("keys", "enrol", papers["newcomer"], *arguments, "-o", plain)
    assert f"attest sign {plain}" in succeeded(made).stderr
    told = attest("sign", plain, "--key", papers["key1"], "--yes", "-o", signed).stderr
    assert "Newcomer Design Inc." in told
    assert "statement key sha256:" in told
    assert "keysets.0.keys.0.public_key" in told
    both = tmp_path / "both.json"
    succeeded(attest("sign", signed, "--add", "--key", papers["key2"], "--yes", "-o", both))
    assert opened(both.read_bytes(), world).holders == ("Ana Costa", "Wei Lin")
    shown = succeeded(attest("inspect", both)).stdout
    assert "Newcomer Design Inc." in shown


def test_what_cannot_be_made(papers: dict[str, Path], world: World, tmp_path: Path) -> None:
    options = ("--trust", papers["trust"], *REASON, *AT)
    keyid = world.designer.signer.keyid
    enrolled = papers["enrolled"]
    because = ("--because", "retired")
    for command, code, error in [
        (("enrol", "/no/such/file"), 2, "file"),
        (("enrol", papers["trust"]), 2, "schema-violation"),
        (("rotate", papers["rotated"], papers["rotated"]), 3, "trust-incomplete"),
        (("rotate", enrolled, papers["rotated"], "--retire", "0" * 8), 2, "not-found"),
        (("rotate", enrolled, papers["rotated"], "--retire", "0" * 7), 1, "usage"),
        (("rotate", enrolled, papers["newcomer"]), 3, "keyset-change-not-possible"),
        (("revoke", enrolled, *because), 1, "usage"),
        (("revoke", enrolled, keyid, "--all", *because), 1, "usage"),
        (("revoke", enrolled, keyid, "--because", "compromised"), 1, "usage"),
        (("revoke", enrolled, keyid, *because, "--suspect-from", AT[1]), 1, "usage"),
        (("enrol", papers["newcomer"], "--yes"), 1, "usage"),
        (("enrol", papers["newcomer"], "-o", papers["trust"]), 2, "file"),
    ]:
        check_failed(attest("keys", *command, *options), code, error)
    stranger = ("--key", papers["key1"], "--keyset", enrolled, "--yes")
    failed = attest("keys", "enrol", papers["newcomer"], *options, *stranger)
    check_failed(failed, 3, "unknown-key")


def test_a_revoked_key_is_not_signed_with(
    papers: dict[str, Path], world: World, tmp_path: Path
) -> None:
    papers["foundry"].write_bytes(changed(new_reviewer, world).foundry.keyset())
    options = ("--trust", papers["trust"], *REASON, *AT, "--keyset", papers["foundry"], "--yes")
    made = attest("keys", "enrol", papers["newcomer"], *options, "--key", papers["key1"])
    check_failed(made, 3, "key-revoked")


def test_a_service_takes_it_while_it_runs(
    house: House, papers: dict[str, Path], world: World, tmp_path: Path
) -> None:
    """From the files of the service itself to the snapshot in force, and once only."""
    papers["trust"].write_bytes(house.client.get("/v1/trust").content)
    papers["enrolled"].write_bytes(house.client.get("/v1/keysets/tianqiu").content)
    command = ("revoke", papers["enrolled"], "--all", "--because", "withdrawn")
    change = by_two(papers, tmp_path, *command)
    arguments = ("keys", "submit", house.url, change, "--log-keys", house.folder / "log.vkeys")
    told = document(succeeded(attest(*arguments, "--json")))
    assert set(told) == json_members("`keys submit`")
    again = succeeded(attest(*arguments)).stdout
    assert "(recorded before)" in again
    assert house.post(held(world)).json()["refusal_code"] == "key-revoked"
    other = tmp_path / "other.vkeys"
    other.write_text((house.folder / "log.vkeys").read_text().replace("formosa", "other"))
    wrong = attest("keys", "submit", house.url, change, "--log-keys", other)
    assert wrong.exit_code in (2, 6)


def test_a_service_refuses_what_one_person_signed(
    house: House, papers: dict[str, Path], world: World, tmp_path: Path
) -> None:
    change = tmp_path / "change.json"
    change.write_bytes(signed_change(world, changed(enrol, world), signers=world.reviewers[:1]))
    failed = check_failed(attest("keys", "submit", house.url, change), 8, "remote")
    assert "too-few-signers" in failed
    assert house.client.get("/v1/trust").content == world.trust_bytes()


def test_lists_and_pages_show_revocations(world: World, tmp_path: Path) -> None:
    after = changed(rotate, world)
    path = tmp_path / "tianqiu.keyset.json"
    path.write_bytes(after.designer.keyset())
    told = document(succeeded(attest("keys", "list", path, "--json")))
    states = {each["keyid"]: (each["state"], each.get("revoked")) for each in told}
    old = world.designer.signer.keyid
    assert states == {old: ("revoked", revoked()), NEXT.keyid: ("valid", None)}
    assert "revoked 2026-11-24" in succeeded(attest("keys", "list", path, "--plain")).stdout
    shown = succeeded(attest("keys", "show", path, old)).stdout
    assert "revoked 2026-11-24T14:00:00Z: superseded" in shown
    assert "revoked" in succeeded(attest("inspect", path, "--plain")).stdout


def test_a_log_of_ones_own_takes_a_change(world: World, tmp_path: Path) -> None:
    """`attest log append` finds the references; a change alone, or a false one, is no log."""
    log, after = Log(tmp_path, world), changed(rotate, world)
    bodies = {
        "keyset": after.designer.keyset(),
        "keyset-change": signed_change(world, after),
        "trust": after.trust_bytes(),
    }
    log.append(*(f"{kind}={log.body(raw)}" for kind, raw in bodies.items()))
    submission = world.submission()
    log.record(submission, decision_of(after, submission))
    told = attest("replay", log.export(), "--log-keys", log.keys, "--json")
    assert document(succeeded(told))["refusals"] == {"key-revoked": 1}
    other = log.body(bodies["trust"])
    failed = attest("log", "append", log.folder, f"keyset-change={other}", "--at", AT[1])
    check_failed(failed, 2, "schema-violation")
