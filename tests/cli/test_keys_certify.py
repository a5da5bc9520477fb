"""`attest keys certify` and `mandate`: certificates of a key, and who may vouch and has to sign."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attest.encoding import digest, loads
from attest.mandate import open_mandate
from conformance.issuers import ISSUED, der, mandate, root
from service.__main__ import main
from tests.cli.helpers import Log, attest, check_failed, document, succeeded, write_json, write_key
from tests.cli.pages import json_members
from tests.world import World, derived_signer
from tests.world_log import found_world, open_log

ROOT = root()
ISSUER = ROOT.issuer("Issuer")
WORLD = World()
LEAF = ISSUER.leaf(WORLD.designer.signer)
REQUIREMENT = {"statement": "declaration", "from": "2026-01-01T00:00:00Z", "people": 2}


def pem(*documents: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in documents)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A keyset, certificates and lists as an authority hands them out, and what is asked."""
    (tmp_path / "tianqiu.keyset.json").write_bytes(WORLD.designer.keyset())
    (tmp_path / "path.pem").write_bytes(b"Bag Attributes: none\n" + pem(LEAF, ISSUER.certificate))
    (tmp_path / "leaf.der").write_bytes(der(LEAF))
    (tmp_path / "issuer.pem").write_bytes(pem(ISSUER.certificate))
    (tmp_path / "root.pem").write_bytes(pem(ROOT.certificate))
    (tmp_path / "root.crl").write_bytes(pem(ROOT.crl()))
    (tmp_path / "issuer.crl").write_bytes(der(ISSUER.crl()))
    write_json(tmp_path / "asked.json", [REQUIREMENT])
    return tmp_path


def made(folder: Path, *more: object) -> tuple[object, ...]:
    """The arguments that make a mandate of everything."""
    return (
        *("keys", "mandate", "--root", folder / "root.pem", "--crl", folder / "root.crl"),
        *("--crl", folder / "issuer.crl", "-o", folder / "mandate.json", *more),
    )


@pytest.mark.parametrize("given", [["path.pem"], ["leaf.der", "issuer.pem"]])
def test_certificates_find_their_key(folder: Path, given: list[str]) -> None:
    keyset = folder / "tianqiu.keyset.json"
    files = [folder / each for each in given]
    told = document(succeeded(attest("keys", "certify", keyset, *files, "--json")))
    assert set(told) == json_members("`keys certify`")
    assert (told["keyid"], told["certificates"]) == (WORLD.designer.signer.keyid, 2)
    again = attest("keys", "certify", keyset, *files)
    assert "2 certificates for Mei-Ling Chen" in succeeded(again).stdout
    shown = document(succeeded(attest("keys", "show", keyset, told["keyid"], "--json")))
    assert set(shown) == json_members("`keys show`")
    assert [each["subject"] for each in shown["certificates"]] == [
        "CN=Mei-Ling Chen,O=Tianqiu Design Inc.,C=US",
        "CN=Issuer,O=Example Trust Ltd.,C=US",
    ]
    first = shown["certificates"][0]
    assert first["fingerprint"].replace(" ", "") == digest(der(LEAF)).removeprefix("sha256:")
    assert first["serial"] == f"{LEAF.serial_number:x}"
    assert (first["not_before"], first["not_after"]) == (
        "2026-01-01T00:00:00Z",
        "2028-01-01T00:00:00Z",
    )
    plain = succeeded(attest("keys", "show", keyset, told["keyid"])).stdout
    assert "issued by CN=Root,O=Example Trust Ltd.,C=US" in plain
    assert all(half in plain for half in (first["fingerprint"][:39], first["fingerprint"][40:]))


def test_what_an_authority_issues_on_request_fits(folder: Path) -> None:
    """The subject of the request is the one that the recipient asks for."""
    keyset, key = folder / "tianqiu.keyset.json", folder / "designer.pem"
    write_key(key, WORLD.designer.signer)
    succeeded(attest("keys", "export-csr", keyset, "--key", key, "-o", folder / "request.pem"))
    request = x509.load_pem_x509_csr((folder / "request.pem").read_bytes())
    leaf = ISSUER.leaf(WORLD.designer.signer, subject=request.subject)
    (folder / "issued.pem").write_bytes(pem(leaf))
    path = (folder / "issued.pem", folder / "issuer.pem")
    succeeded(attest("keys", "certify", keyset, *path))
    told = document(succeeded(attest(*made(folder, "--keyset", keyset), "--json")))
    assert [each["keyid"] for each in told["certified"]] == [WORLD.designer.signer.keyid]


@pytest.mark.parametrize(
    ("given", "exit_code", "code"),
    [
        (["issuer.pem"], 3, "certificate-mismatch"),
        (["leaf.der", "root.pem"], 3, "path-invalid"),
        (["path.pem", "path.pem", "path.pem"], 2, "schema-violation"),
        (["issuer.crl"], 2, "certificate-malformed"),
        (["root.crl"], 2, "certificate-malformed"),
        (["asked.json"], 2, "certificate-malformed"),
        (["nothing.pem"], 2, "file"),
    ],
)
def test_certificates_that_do_not_fit(
    folder: Path, given: list[str], exit_code: int, code: str
) -> None:
    keyset = folder / "tianqiu.keyset.json"
    before = keyset.read_bytes()
    result = attest("keys", "certify", keyset, *(folder / each for each in given))
    check_failed(result, exit_code, code)
    assert keyset.read_bytes() == before


def test_a_mandate_is_made_checked_and_told(folder: Path) -> None:
    keyset = folder / "tianqiu.keyset.json"
    succeeded(attest("keys", "certify", keyset, folder / "path.pem"))
    more = ("--signatures", folder / "asked.json", "--keyset", keyset)
    told = document(succeeded(attest(*made(folder, *more), "--json")))
    assert set(told) == json_members("`keys mandate`")
    raw = (folder / "mandate.json").read_bytes()
    assert told["digest"] == digest(raw)
    assert (told["requirements"], told["crls"]) == (1, 2)
    assert told["crls_until"] == "2026-12-20T00:00:00Z"
    assert told["certified"] == [
        {
            "keyid": WORLD.designer.signer.keyid,
            "revoked": False,
            "until": "2026-12-20T00:00:00Z",
        }
    ]
    opened = open_mandate(raw)
    assert opened.anchors.roots == (ROOT.certificate,)
    assert opened.requirements[0].people == 2
    check_failed(attest(*made(folder)), 2, "file")
    (folder / "mandate.json").unlink()
    (folder / "issuer.crl").write_bytes(der(ISSUER.crl(LEAF)))
    plain = succeeded(attest(*made(folder, *more), "--plain")).stdout
    assert f"FAIL {WORLD.designer.signer.keyid} until" in plain
    assert "the first CRL ends at 2026-12-20T00:00:00Z" in plain
    assert "CN=Root,O=Example Trust Ltd.,C=US" in plain


def test_a_mandate_of_signatures_alone(folder: Path) -> None:
    target = folder / "mandate.json"
    asked = ("--signatures", folder / "asked.json", "-o", target, "--json")
    told = document(succeeded(attest("keys", "mandate", *asked)))
    assert told["crls_until"] is None
    assert target.read_bytes() == mandate([REQUIREMENT])
    assert document(succeeded(attest("inspect", target, "--json")))["kind"] == "mandate"


@pytest.mark.parametrize(
    ("change", "exit_code", "code"),
    [
        ({"asked.json": b'[{"statement": "declaration"}]'}, 2, "schema-violation"),
        ({"asked.json": b"[1.5]"}, 2, "json-float"),
        ({"root.pem": b"-----BEGIN X-----"}, 2, "certificate-malformed"),
        ({"root.crl": b"-----BEGIN X-----"}, 2, "certificate-malformed"),
        ({"issuer.crl": b"no list"}, 2, "certificate-malformed"),
        ({"issuer.crl": der(root("Other").crl())}, 3, "crl-missing"),
        ({"root.pem": pem(root("Other").certificate)}, 3, "path-invalid"),
    ],
)
def test_what_makes_no_mandate(
    folder: Path, change: dict[str, bytes], exit_code: int, code: str
) -> None:
    keyset = folder / "tianqiu.keyset.json"
    succeeded(attest("keys", "certify", keyset, folder / "path.pem"))
    for name, raw in change.items():
        (folder / name).write_bytes(raw)
    more = ("--signatures", folder / "asked.json", "--keyset", keyset)
    check_failed(attest(*made(folder, *more)), exit_code, code)
    assert not (folder / "mandate.json").exists()


def test_a_key_whose_holder_signs_as_something(tmp_path: Path) -> None:
    key = write_key(tmp_path / "mei.pem", derived_signer("mei"))
    who = ("--party", "tianqiu", "--role", "designer", "--legal-name", "Tianqiu Design Inc.")
    named = ("--country", "US", "--holder", "Mei", "--title", "VP", "--function", "officer")
    succeeded(attest("keygen", tmp_path / "mei", "--key", key, *who, *named))
    keyset = tmp_path / "mei.keyset.json"
    assert loads(keyset.read_bytes())["keys"][0]["function"] == "officer"
    shown = attest("keys", "show", keyset, derived_signer("mei").keyid)
    assert "Mei, VP, signs as officer" in succeeded(shown).stdout


def service(*arguments: object) -> None:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == 0, result.stderr


def test_a_mandate_is_put_in_force(folder: Path) -> None:
    """By the people of the foundry, who are shown which; the service records it with its trust."""
    asked = ("--signatures", folder / "asked.json")
    succeeded(attest(*made(folder, *asked)))
    raw = (folder / "mandate.json").read_bytes()
    (folder / "trust.json").write_bytes(WORLD.trust_bytes())
    first, second = (
        write_key(folder / f"{number}.pem", signer) for number, signer in enumerate(WORLD.reviewers)
    )
    options: tuple[object, ...] = (
        "--trust",
        folder / "trust.json",
        "--reason",
        "Two people from now on.",
        "--yes",
    )
    options += ("--activated-at", "2026-11-24T14:00:00Z", "--mandate", folder / "mandate.json")
    shown = attest("rules", "sign", "us-ear", *options, "--key", first, "-o", folder / "one.json")
    assert f"From then on the mandate is {digest(raw)}." in succeeded(shown).stderr
    succeeded(
        attest("sign", folder / "one.json", "--add", "--key", second, "--yes", "-o", folder / "two")
    )
    found_world(WORLD, folder / "data", ISSUED)
    service("activate", folder / "data", folder / "two", "--mandate", folder / "mandate.json")
    with open_log(WORLD, folder / "data") as log:
        assert log.standing.trust.documents["mandate"] == (digest(raw),)
        kept = log.standing.snapshot
    (folder / "trust.json").write_bytes(kept)
    options = options[:-2]
    again = attest("rules", "sign", "us-ear", *options, "--key", first, "--mode", "bis_practice")
    assert "whose certificates count, stays what it is." in succeeded(again).stderr


def test_a_log_that_is_kept_by_hand_can_have_a_mandate(folder: Path) -> None:
    world = World(mandate=mandate([REQUIREMENT]))
    log = Log(folder, world)
    log.record(world.submission(fabricator={}))
    told = attest("replay", log.export(), "--log-keys", log.keys, "--json")
    assert document(succeeded(told))["refusals"] == {"too-few-signers": 1}
    wrong = log.body(b'{"v": 1}')
    check_failed(attest("log", "append", log.folder, f"mandate={wrong}"), 2, "schema-violation")


def test_a_log_is_founded_with_a_mandate(folder: Path) -> None:
    (folder / "formosa.json").write_bytes(WORLD.foundry.keyset())
    succeeded(attest(*made(folder)))
    service(
        *("init", folder / "data", "--origin", "foundry.example/log", "--foundry", "formosa"),
        *("--keyset", folder / "formosa.json", "--mandate", folder / "mandate.json"),
        "--no-passphrase",
    )
    with open_log(WORLD, folder / "data") as log:
        assert log.standing.trust.mandate.anchors.roots == (ROOT.certificate,)
