"""Errors say who is to blame and carry a stable code.

    AttestError(code, detail, pointer=…, entry=…)
    ├── InputError     their bytes: malformed, too large, not of the schema
    ├── TrustError     their proof: keys, signatures, audience, validity, links
    ├── RuleError      our data: a rule pack that is broken
    ├── LogError       the log: an entry, proof or checkpoint that does not hold
    ├── RemoteError    the other side of a connection
    └── InternalError  our bug

A code never changes its meaning. `CODES` says of each one what it is and how to mend it; the class
that raises a code is fixed by that table, so no code can be raised as two kinds of blame:

>>> raise_code = TrustError("expired", "not valid after 2026-01-01T00:00:00Z", pointer="/validity")
>>> raise_code.code, CODES["expired"].blame
('expired', 'TrustError')
>>> TrustError("json-float", "…")
Traceback (most recent call last):
ValueError: json-float belongs to InputError

Details are for people. They name places and rules, never a value from the sender's bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """What a code means (`title`) and what its reader can do about it (`mend`)."""

    blame: str
    title: str
    mend: str


class AttestError(Exception):
    """Base of every error of this library; never raised itself."""

    def __init__(
        self, code: str, detail: str, *, pointer: str | None = None, entry: int | None = None
    ) -> None:
        if CODES[code].blame != type(self).__name__:
            raise ValueError(f"{code} belongs to {CODES[code].blame}")
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.entry = entry

    def __str__(self) -> str:
        where = "" if self.pointer is None else f" at {self.pointer or '/'}"
        which = "" if self.entry is None else f" (entry {self.entry})"
        return f"{self.code}{where}{which}: {self.detail}"

    @property
    def mend(self) -> str:
        """How to put it right."""
        return CODES[self.code].mend


class InputError(AttestError):
    """The bytes we were given are not what they should be."""


class TrustError(AttestError):
    """The bytes are well formed but cannot be relied on."""


class RuleError(AttestError):
    """A rule pack is broken."""


class LogError(AttestError):
    """The log, or a proof from it, does not hold."""


class RemoteError(AttestError):
    """A server could not be reached or refused."""


class InternalError(AttestError):
    """A defect of this program; please report it."""


def _codes(blame: str, rows: dict[str, tuple[str, str]]) -> dict[str, Code]:
    return {code: Code(blame, title, mend) for code, (title, mend) in rows.items()}


CODES: dict[str, Code] = {
    **_codes(
        "InputError",
        {
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
        },
    ),
    **_codes(
        "TrustError",
        {
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
            "review-not-possible": (
                "The decision is not an open HOLD",
                "Only a HOLD can be reviewed, and only until it is released or refused.",
            ),
            "activation-not-possible": (
                "The activation does not fit the trust snapshots before and after it",
                "Sign one that replaces the active snapshot and changes packs and mode only.",
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
            "trust-incomplete": (
                "A document that the trust snapshot names is missing or is another one",
                "Get the keysets, packs and schemas that the snapshot names.",
            ),
            "decision-differs": (
                "Deciding again gives another result than the recorded decision",
                "Keep both: the recorded decision did not come from these bytes and rules.",
            ),
        },
    ),
    **_codes(
        "RuleError",
        {
            "pack-invalid": (
                "A rule pack is broken",
                "Correct the file and place named; run attest rules test.",
            ),
            "expression-invalid": (
                "A condition is not in the rule language or has the wrong types",
                "See docs/RULES.md for the language.",
            ),
            "engine-unknown": (
                "The pack needs an engine that this version does not have",
                "Use a version of foundry-attest that has the engine.",
            ),
            "edition-changed": (
                "A locked edition of a rule pack has changed",
                "Undo the change, or give its pack.toml a new edition.",
            ),
            "case-failed": (
                "A worked case does not give its stated outcome",
                "Correct the rule or the case; cite the text that decides.",
            ),
        },
    ),
    **_codes(
        "LogError",
        {
            "store-missing": (
                "There is no log here",
                "Make one with attest log init or python -m service init.",
            ),
            "store-exists": ("There is a log here already", "Choose another folder."),
            "head-moved": (
                "Another writer appended first",
                "Read the head again and append to it.",
            ),
            "clock-backwards": (
                "The clock is earlier than the newest entry",
                "Correct the clock; the log's time never goes backwards.",
            ),
            "entry-malformed": ("An entry is not of the entry format", "Do not rely on this log."),
            "entry-order": (
                "An entry is not at its own index",
                "Do not rely on this copy; ask for another and keep this one.",
            ),
            "entry-altered": (
                "An entry differs from the one in the tree",
                "Do not rely on this copy; ask for another and keep this one.",
            ),
            "chain-broken": (
                "An entry does not name the one before it",
                "Do not rely on this log; keep the copy as evidence.",
            ),
            "time-backwards": (
                "An entry is dated before the one in front of it",
                "Do not rely on this log; keep the copy as evidence.",
            ),
            "commitment-mismatch": (
                "A body or its salt is not the one that the entry commits to",
                "Do not rely on this body; ask for another copy.",
            ),
            "body-missing": (
                "A body that the check needs is not there",
                "Ask the log's operator for the body.",
            ),
            "tile-altered": (
                "A hash tile differs from the tree",
                "Do not rely on this copy; ask for another and keep this one.",
            ),
            "bundle-malformed": (
                "A bundle of an export cannot be read",
                "Ask for another copy of the export.",
            ),
            "export-incomplete": (
                "A file of the export is missing, or there is one too many",
                "Ask for another copy of the export.",
            ),
            "checkpoint-malformed": ("The checkpoint cannot be read", "Ask for another copy."),
            "checkpoint-signature": (
                "The checkpoint lacks a valid signature of the log",
                "Check the log's verifier keys; if they are right, do not rely on this copy.",
            ),
            "checkpoint-origin": (
                "The checkpoint is of another log",
                "Use the verifier keys of the log that made it.",
            ),
            "root-mismatch": (
                "The entries do not hash to the checkpoint's root",
                "Do not rely on this copy; keep it with the checkpoint as evidence.",
            ),
            "proof-malformed": ("A proof cannot be read", "Ask for another copy of the proof."),
            "acknowledged-missing": (
                "The log lacks a decision that the foundry acknowledged and that is due",
                "Show the acknowledgement and the checkpoint to whoever relies on this foundry.",
            ),
            "acknowledged-late": (
                "The decision came after the time that the foundry had acknowledged",
                "Ask the foundry why; the entry shows when it decided.",
            ),
            "log-forked": (
                "The log has signed two histories",
                "Stop relying on it; hand the proof of misbehaviour to everyone who does.",
            ),
            "not-misbehaviour": (
                "The two checkpoints do not contradict each other",
                "Blame nobody on it; ask its sender for another proof.",
            ),
            "rolled-back": (
                "An older state of the log was restored",
                "Stop the service; restore the newest state, or found a new log and say so.",
            ),
            "quorum-missing": (
                "Too few witnesses have cosigned the checkpoint",
                "Wait for the witnesses, or ask the log's operator why they do not cosign.",
            ),
            "proof-invalid": (
                "A proof does not lead to the checkpoint's root",
                "Do not rely on it; ask for another proof.",
            ),
            "timestamp-malformed": (
                "A timestamp, or the text that it is over, cannot be read",
                "Ask for another copy; docs/SPEC.md section 13.5 describes it.",
            ),
            "timestamp-invalid": (
                "A timestamp does not hold: for these bytes, in its signature or in its place",
                "Do not rely on it; ask the log's operator for another copy and keep this one.",
            ),
            "decision-missing": (
                "A submission has no decision after it",
                "Ask the foundry; keep the log as evidence.",
            ),
            "recorded-twice": (
                "The log holds the same bytes twice",
                "Do not rely on this log; one submission has one decision. Keep the copy.",
            ),
            "reference-broken": (
                "An entry refers to one that is not of the kind it should be",
                "Do not rely on this log; keep the copy as evidence.",
            ),
            "log-stopped": (
                "The log stopped after a failure of its store",
                "See the server's log; restart it once the cause is gone.",
            ),
        },
    ),
    **_codes(
        "RemoteError",
        {
            "network": ("The server cannot be reached", "Check the address and the connection."),
            "remote": (
                "The server refused, or its answer is not one that this version reads",
                "Look up the code after the HTTP status in docs/ERRORS.md, or ask its operator.",
            ),
        },
    ),
    **_codes(
        "InternalError",
        {
            "internal": (
                "A defect of this program",
                "Report it with the steps that led to it; nothing was recorded.",
            ),
        },
    ),
}
