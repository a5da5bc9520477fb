"""A demo foundry: invented parties with keys made on the spot, and one declaration ready to send.

DATA/demo/
  designer.pem  foundry.pem  reviewer-1.pem  reviewer-2.pem    private keys, not encrypted
  declaration.dsse.json                                        a signed declaration
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attest.encoding import Json, canonical, encode_base64, format_instant
from attest.envelope import seal
from attest.keys import ED25519
from attest.models import DECLARATION_TYPE, STATEMENT_TYPE
from attest.signing import (
    KeySigner,
    PrivateKey,
    generate_private_key,
    private_key_pem,
    signer_of,
)
from service.files import write_file
from service.founding import Charter, found

FOUNDRY: Final = "demo-foundry"
PAPER: Final = "demo/declaration.dsse.json"
PACKS: Final = ("us-ear", "house-example")
"""The packs that the demo foundry decides by."""
DAYS_VALID: Final = 365
EXAMPLE: Final = Path(__file__).parent.parent / "examples" / "documents" / "declaration.json"

_HOLDERS: Final = {
    "designer": ("Designer's signer (demo)", "statement"),
    "foundry": ("Foundry's signer (demo)", "statement"),
    "reviewer-1": ("First reviewer (demo)", "review"),
    "reviewer-2": ("Second reviewer (demo)", "review"),
}


def found_demo(folder: Path, packs: Sequence[bytes], *, at: dt.datetime) -> None:
    """Make a data folder with demo keys at an instant.

    Raises:
        LogError: store-exists.
        InputError: file.
    """
    declaration = _declaration(at)
    keys = {name: generate_private_key(ED25519) for name in _HOLDERS}
    records = {name: _record(name, signer_of(key), at) for name, key in keys.items()}
    designer = next(party for party in declaration["parties"] if party["role"] == "designer")
    keysets = [
        _keyset("demo-designer", designer["name"], ["designer"], [records["designer"]]),
        _keyset(
            FOUNDRY,
            "Example Foundry Ltd.",
            ["foundry", "reviewer"],
            [record for name, record in records.items() if name != "designer"],
        ),
    ]
    charter = Charter(
        origin="demo-foundry.example/log",
        foundry=FOUNDRY,
        mode="cfr_text",
        review_threshold=2,
        keysets=keysets,
        packs=packs,
    )
    decision_pem = private_key_pem(generate_private_key(ED25519), None)
    found(folder, charter, decision_pem=decision_pem, passphrase=None, at=at)
    _write_papers(folder, keys, declaration)


def _write_papers(folder: Path, keys: dict[str, PrivateKey], declaration: Json) -> None:
    (folder / "demo").mkdir(mode=0o700)
    for name, key in keys.items():
        write_file(folder / "demo" / f"{name}.pem", private_key_pem(key, None), mode=0o600)
    product, design = declaration["product"], declaration["design"]
    payload = canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": product["tape_out_id"], "digest": {"sha256": each["sha256"]}}
                for each in design
            ],
            "predicateType": DECLARATION_TYPE,
            "predicate": declaration,
        }
    )
    envelope = seal(payload, [signer_of(keys["designer"])])
    write_file(folder / PAPER, envelope, mode=0o600)


def _declaration(at: dt.datetime) -> Json:
    declaration = json.loads(EXAMPLE.read_bytes())
    declaration["audience"] = FOUNDRY
    declaration["validity"] = {
        "not_before": format_instant(at),
        "not_after": format_instant(at + dt.timedelta(days=DAYS_VALID)),
    }
    declaration["planned_completion_date"] = (at.date() + dt.timedelta(days=30)).isoformat()
    return declaration


def _record(name: str, signer: KeySigner, at: dt.datetime) -> Json:
    holder, purpose = _HOLDERS[name]
    return {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encode_base64(signer.public.spki),
        "purpose": purpose,
        "holder": {"name": holder, "title": "Demo key"},
        "valid_from": format_instant(at),
        "valid_until": format_instant(at + dt.timedelta(days=DAYS_VALID)),
    }


def _keyset(party: str, legal_name: str, roles: list[str], keys: list[Json]) -> bytes:
    return canonical(
        {
            "v": 1,
            "party": {
                "id": party,
                "legal_name": legal_name,
                "name_latin": legal_name,
                "country": "TW",
                "roles": roles,
            },
            "keys": keys,
        }
    )
