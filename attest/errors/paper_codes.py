"""Codes of what is wrong with papers: their bytes (`INPUT`) and their proof (`TRUST`).

Each row is a code with what it means and how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INPUT: Final[Mapping[str, tuple[str, str]]] = {
    "json-encoding": (
        "The document is not UTF-8, or starts with a byte-order mark",
        "Save it as UTF-8 without a byte-order mark.",
    ),
    "json-malformed": (
        "The document is not JSON",
        "Correct the syntax at the line and column named.",
    ),
    "json-duplicate-key": (
        "A member name appears twice in one object",
        "Keep one of the two; readers would disagree on which counts.",
    ),
    "json-float": (
        "A number has a fraction or an exponent, or is not a number at all",
        "Write whole numbers with digits only, in the unit that the member's name gives.",
    ),
    "json-number-range": (
        "A whole number is larger than 9007199254740991",
        "Check the unit; no quantity in these documents needs more.",
    ),
    "json-text": (
        "A string holds a control, bidirectional, zero-width or surrogate character",
        "Remove the invisible character; type the text again if it was pasted.",
    ),
    "toml-malformed": (
        "The file is not TOML",
        "Correct the syntax at the line and column named.",
    ),
    "csv-malformed": (
        "The table is not CSV with the headers of docs/CLI.md",
        "Correct the row and column named; --template csv shows the headers.",
    ),
    "json-too-deep": ("The document is nested too deeply", "Nest at most 32 levels."),
    "too-large": (
        "The document or one of its strings is over the limit",
        "Send less; docs/SPEC.md section 1 lists the limits.",
    ),
    "base64": (
        "A member that carries bytes is not standard base64",
        "Encode with the standard alphabet and padding, without line breaks.",
    ),
    "schema-violation": (
        "The document does not follow its schema",
        "Compare the member named by the pointer with the schema in schemas/.",
    ),
    "unknown-predicate-type": (
        "The statement is of a type that is not known here",
        "Use a predicate type of docs/SPEC.md, spelt exactly.",
    ),
    "must-understand": (
        "The statement demands an extension that is not known here",
        "Ask the recipient which extensions they read, or leave the extension out.",
    ),
    "not-a-submission": (
        "The envelopes do not make one declaration with its determinations",
        "Send exactly one declaration, with the determinations that name it.",
    ),
    "not-found": (
        "There is nothing under that name",
        "Check the spelling, or list what there is.",
    ),
    "file": ("A file cannot be read or written", "Check its path and permissions."),
    "facts-malformed": (
        "The facts are not of the registered names and types",
        "See docs/RULES.md for the names and types of facts.",
    ),
    "ledger-malformed": (
        "The ledger is no list of shipments of its form",
        "Correct the member named; docs/RULES.md section 6 describes a shipment.",
    ),
    "list-malformed": (
        "A list of parties, or a snapshot of one, is not of its form",
        "Compare it with the form named; import the list again as it was published.",
    ),
    "not-in-force": (
        "No rule pack is in force on that day",
        "Name another day, or packs that are in force on it.",
    ),
    "passphrase": (
        "The private key cannot be opened",
        "Give the passphrase that was set when the key was made.",
    ),
    "policy-malformed": (
        "A policy of logs and witnesses is not of its form",
        "See c2sp.org/tlog-policy; the message names the line.",
    ),
    "certificate-malformed": (
        "A certificate or revocation list cannot be read",
        "Give DER or PEM as the authority issued it.",
    ),
    "key-malformed": (
        "A key or a log's name is malformed, or a key is weak or of another algorithm",
        "Compare it with what its owner gave out; if it is your own, make it anew.",
    ),
    "host": (
        "The request is not meant for this host, or comes from a page of another site",
        "Call a loopback address; the operator adds names with --public-host.",
    ),
    "method-not-allowed": (
        "The resource does not take this method",
        "Recorded documents are never changed; supersede them.",
    ),
    "media-type": (
        "The body is of a media type that is not accepted here",
        "Send application/vnd.dsse+json or application/json.",
    ),
    "timeout": (
        "The request took too long to arrive",
        "Send the whole body without pauses.",
    ),
    "witnesses-late": (
        "The witnesses do not follow the log, and the service waits for them",
        "Try again later; the operator looks at GET /v1/log/witnesses.",
    ),
    "busy": ("The service is full", "Try again after the time in Retry-After."),
    "not-ready": (
        "The service cannot decide at present",
        "Ask its operator, who finds the reason in the server's log.",
    ),
}

TRUST: Final[Mapping[str, tuple[str, str]]] = {
    "unknown-key": (
        "A signature is by a key that is not enrolled",
        "Enrol the key with the recipient, or sign with an enrolled one.",
    ),
    "bad-signature": (
        "A signature does not verify",
        "Sign the document again; it was changed after signing, or with another key.",
    ),
    "key-not-valid-then": (
        "The signing key was not valid at that instant",
        "Sign with a key whose validity covers the day.",
    ),
    "key-revoked": (
        "The signing key is revoked",
        "Sign with another key that is enrolled; attest keys show says why it was revoked.",
    ),
    "key-purpose": (
        "The key is enrolled for another purpose",
        "Use a statement key for statements, a decision key for decisions, "
        "a review key for reviews.",
    ),
    "signature-repeated": (
        "One key signed twice",
        "Keep one signature by each key.",
    ),
    "payload-type": (
        "The envelope's payload type is not an in-toto statement",
        "Sign with payload type application/vnd.in-toto+json.",
    ),
    "role-not-permitted": (
        "The signer's role does not permit this kind of statement",
        "Designers declare; foundries and OSATs determine; reviewers review.",
    ),
    "party-mismatch": (
        "The statement speaks for another party than the one that signed",
        "Name the signing party exactly as it is enrolled.",
    ),
    "wrong-audience": (
        "The statement is addressed to another foundry",
        "Make a statement addressed to this foundry.",
    ),
    "not-yet-valid": (
        "The statement is not valid yet",
        "Sign a new one; the same bytes keep the answer that they got.",
    ),
    "expired": ("The statement's validity has ended", "Make and sign a new one."),
    "superseded": (
        "A later declaration has replaced this one",
        "Submit the later declaration.",
    ),
    "determination-not-linked": (
        "A determination belongs to another declaration",
        "Make the determination for the declaration that it is sent with.",
    ),
    "too-few-signers": (
        "Fewer people signed than the policy asks for",
        "Have a second person sign with a key of their own.",
    ),
    "algorithm-missing": (
        "A signature of a kind that the policy asks for is missing",
        "Have each signer sign with a key of both kinds, with attest sign --add.",
    ),
    "function-missing": (
        "Nobody signed in a function that the mandate asks for",
        "Have a person sign whose key record holds the function; attest keys show tells.",
    ),
    "path-invalid": (
        "The certificates of a key do not lead to a root that is trusted",
        "Give them from that of the key upwards, or have the recipient trust their root.",
    ),
    "certificate-mismatch": (
        "A certificate is of another key, party or person than the key record",
        "Have it issued for the key, legal name, country, numbers and holder as enrolled.",
    ),
    "certificate-unfit": (
        "A certificate is of an algorithm, extension or use that is not taken here",
        "Have it issued by the profile of docs/SPEC.md section 7.1.",
    ),
    "certificate-not-valid-then": (
        "A certificate of the signing key was not valid at that instant",
        "Have the certificate renewed and the key record brought up to date.",
    ),
    "certificate-revoked": (
        "A certificate of the signing key was revoked by its issuer",
        "Sign with another key.",
    ),
    "crl-missing": (
        "An authority in a certification path has no revocation list",
        "Put the authority's newest list into the mandate.",
    ),
    "crl-invalid": (
        "A revocation list is not the authority's own and complete",
        "Put the authority's own, full list into the mandate.",
    ),
    "crl-stale": (
        "A revocation list does not speak for that instant",
        "Have the recipient put the authority's newest list in force.",
    ),
    "review-not-possible": (
        "The decision is not an open HOLD",
        "Only a HOLD can be reviewed, and only until it is released or refused.",
    ),
    "activation-not-possible": (
        "The activation does not fit the trust snapshots before and after it",
        "Sign one that replaces the active snapshot and changes packs and mode only.",
    ),
    "keyset-change-not-possible": (
        "The keyset change does not fit the trust snapshots before and after it",
        "Make it anew from the active snapshot and keysets; docs/SPEC.md section 9.3 says what "
        "may change.",
    ),
    "timestamp-untrusted": (
        "A timestamp is by no authority that you trust",
        "Give the root certificate of its authority, if you trust it.",
    ),
    "timestamp-expired": (
        "A timestamp was made outside the validity of its authority's certificates",
        "Do not rely on it; the log's operator can have the log timestamped again.",
    ),
    "timestamp-lapsed": (
        "The certificates of a timestamp have ended and nothing renewed it in time",
        "Ask the log's operator for a later timestamp that covers it.",
    ),
    "list-implausible": (
        "A new snapshot of a list differs too much from the one before",
        "Compare the two with attest lists diff; give --approve once a person has looked.",
    ),
    "list-stale": (
        "A snapshot of a list is too old, or of a day to come",
        "Import the list as it is published today.",
    ),
    "trust-incomplete": (
        "A document that the trust snapshot names is missing or is another one",
        "Get the keysets, packs and schemas that the snapshot names.",
    ),
    "decision-differs": (
        "Deciding again gives another result than the recorded decision",
        "Keep both: the recorded decision did not come from these bytes and rules.",
    ),
}
