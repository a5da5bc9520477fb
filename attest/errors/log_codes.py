"""Codes of what is wrong with a log, or with a proof from it: meaning, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LOG: Final[Mapping[str, tuple[str, str]]] = {
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
    "timestamp-contradicts": (
        "A timestamp contradicts the time that the log says",
        "Find out whose clock is wrong; until then do not rely on the log's times.",
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
    "store-unavailable": (
        "The database of the log cannot be used for the moment",
        "Try again: what was recorded meanwhile is answered, and the same bytes are decided once.",
    ),
    "store-privileges": (
        "The database role has other rights than the service should have",
        "Run python -m service log migrate as the owner, and serve as the role named there.",
    ),
    "log-stopped": (
        "The log stopped after a failure of its store",
        "See the server's log; restart it once the cause is gone.",
    ),
}
