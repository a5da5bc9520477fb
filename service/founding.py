"""Founding a log: keys, and the entries that everything later rests on.

    DATA/
      log.sqlite            the log: genesis, schemas, packs, keysets, lists, trust; or in a
                            database
      log.vkeys             the log's two verifier keys, public: what its readers need
      keys/log-ed25519.pem  keys/log-ml-dsa-44.pem  keys/decision.pem

All is checked before anything is written, and the folder appears under its name only when it is
complete.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from attest import limits, schemas
from attest.encoding import Json, canonical, digest, encode_base64, format_instant, loads
from attest.errors import InputError, LogError
from attest.log.checkpoint import CheckpointSigner
from attest.log.writer import Draft, LogWriter
from attest.models import Keyset, parse
from attest.signing import KeySigner, load_signer
from attest.trust import load_trust, make_trust, open_lists
from service.files import write_file
from service.places import DatabasePlace, FilePlace
from service.records import label
from service.registrar import decision_key

STORE: Final = "log.sqlite"
VERIFIER_KEYS: Final = "log.vkeys"
LOG_KEYS: Final = ("keys/log-ed25519.pem", "keys/log-ml-dsa-44.pem")
DECISION_KEY: Final = "keys/decision.pem"
DECISION_KEY_DAYS: Final = 730
"""How long a decision key that is enrolled here is valid."""


@dataclass(frozen=True)
class Charter:
    """What a log is founded on.

    `keysets` are documents of SPEC 7, one of them the foundry's; `packs` canonical pack documents;
    `lists` snapshots of the lists against which parties are screened; `mandate` is one of SPEC 9.4.
    """

    origin: str
    foundry: str
    mode: str
    review_threshold: int
    keysets: Sequence[bytes]
    packs: Sequence[bytes]
    lists: Sequence[bytes] = ()
    mandate: bytes | None = None


def found(
    folder: Path,
    charter: Charter,
    *,
    decision_pem: bytes,
    passphrase: bytes | None,
    at: dt.datetime,
    place: DatabasePlace | None = None,
) -> None:
    """Make a new data folder at an instant, with the log in it or at a `place`.

    `decision_pem` is the private key that signs decisions. `passphrase` opens it and encrypts the
    log's keys; None leaves them open.

    Raises:
        LogError: store-exists, and what is wrong with the place.
        InputError: file (among others: what an unfinished founding left is there), passphrase,
            key-malformed (the origin cannot name a key), and whatever is wrong with a keyset.
            Also list-malformed: two snapshots are of one list.
        TrustError: trust-incomplete (among others: no keyset is the foundry's), key-purpose.
        RuleError: a pack is broken.
    """
    if folder.exists():
        raise LogError("store-exists", "the folder exists already")
    signer = load_signer(decision_pem, passphrase)
    distinct = list(dict.fromkeys(charter.keysets))
    keysets = enrol_decision_key(distinct, charter.foundry, signer, at)
    packs = list(dict.fromkeys(charter.packs))
    lists = list(dict.fromkeys(charter.lists))
    mandates = [] if charter.mandate is None else [charter.mandate]
    bodies = {digest(raw): raw for raw in (*keysets, *packs, *lists, *mandates)}
    trust = make_trust(
        foundry=charter.foundry,
        mode=charter.mode,
        review_threshold=charter.review_threshold,
        keysets={digest(raw): raw for raw in keysets},
        packs={digest(raw): raw for raw in packs},
        lists=[digest(raw) for raw in lists],
        mandate=charter.mandate,
    )
    opened = load_trust(trust, bodies)
    open_lists(opened)
    decision_key(signer, opened)
    log_signer = CheckpointSigner.generate(charter.origin)
    documents = {"pack": packs, "keyset": keysets, "list": lists, "mandate": mandates}
    drafts, labels = _first_entries(charter, documents, trust)
    partial = folder.with_name(folder.name + ".partial")
    try:
        partial.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        detail = f"{partial.name} is left of a start that did not end: delete it"
        raise InputError("file", detail) from None
    except OSError as error:
        raise InputError("file", f"the folder cannot be made: {error.strerror}") from None
    try:
        (partial / "keys").mkdir(mode=0o700)
        pems = (*log_signer.to_pem(passphrase), decision_pem)
        for name, pem in zip((*LOG_KEYS, DECISION_KEY), pems, strict=True):
            write_file(partial / name, pem, mode=0o600)
        vkeys = "".join(f"{line}\n" for line in log_signer.keys.vkeys())
        write_file(partial / VERIFIER_KEYS, vkeys.encode(), mode=0o644)
        store = (place or FilePlace(partial / STORE)).create()
        try:
            LogWriter.open(store, log_signer).append(drafts, at=at, labels=labels)
        finally:
            store.close()
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial)
        raise


def enrol_decision_key(
    keysets: Sequence[bytes], foundry: str, signer: KeySigner, at: dt.datetime
) -> list[bytes]:
    """The keysets, with the decision key added to the foundry's unless it is there.

    Keysets that need no change keep their bytes.

    Raises:
        InputError: a keyset is not JSON of its schema.
    """
    enrolled = []
    for raw in keysets:
        document = loads(raw, bytes_max=limits.KEYSET_BYTES_MAX)
        schemas.validate("keyset", document)
        keyset = parse(Keyset, document)
        if keyset.party.id == foundry and signer.keyid not in {key.keyid for key in keyset.keys}:
            document["keys"].append(_decision_record(signer, at))
            enrolled.append(canonical(document))
        else:
            enrolled.append(raw)
    return enrolled


def _decision_record(signer: KeySigner, at: dt.datetime) -> Json:
    return {
        "keyid": signer.keyid,
        "algorithm": signer.algorithm,
        "public_key": encode_base64(signer.public.spki),
        "purpose": "decision",
        "holder": {"name": "Decision service", "title": "Signs decisions"},
        "valid_from": format_instant(at),
        "valid_until": format_instant(at + dt.timedelta(days=DECISION_KEY_DAYS)),
    }


def _first_entries(
    charter: Charter, documents: Mapping[str, Sequence[bytes]], trust: bytes
) -> tuple[list[Draft], list[tuple[bytes, int]]]:
    genesis = canonical({"v": 1, "origin": charter.origin, "foundry": charter.foundry})
    drafts = [Draft("genesis", genesis)]
    refs: dict[str, list[int]] = {}
    released = [schemas.SCHEMAS[name] for name in sorted(schemas.SCHEMAS)]
    for kind, raws in {"schema": released, **documents}.items():
        for raw in raws:
            refs.setdefault(kind, []).append(len(drafts))
            drafts.append(Draft(kind, raw))
    drafts.append(Draft("trust", trust, refs))
    return drafts, [(label("trust", "1"), len(drafts) - 1)]
