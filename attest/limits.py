"""Every bound in one place, with its unit in the name.

A bound is part of the format: raising one can make an old refusal pass, so a change here is a
change of engine and belongs in the changelog.
"""

from typing import Final

INTEGER_MAX: Final = 2**53 - 1
"""Largest magnitude of a JSON integer (RFC 8785, section 3.2.2.3: exact in every reader)."""

JSON_DEPTH_MAX: Final = 32
STRING_BYTES_MAX: Final = 8 * 1024
"""UTF-8 bytes of one string, base64 members of envelopes, proofs and case files excepted."""

TOML_KEY_PARTS_MAX: Final = JSON_DEPTH_MAX
"""Parts of a dotted key: each is a level."""

SUBMISSION_BYTES_MAX: Final = 1024 * 1024
KEYSET_BYTES_MAX: Final = 64 * 1024
MANDATE_BYTES_MAX: Final = 2 * 1024 * 1024
"""Root certificates with the revocation lists below them."""
PACK_BYTES_MAX: Final = 1024 * 1024
FACTS_BYTES_MAX: Final = 1024 * 1024
CASEFILE_BYTES_MAX: Final = 16 * 1024 * 1024
LEDGER_BYTES_MAX: Final = 16 * 1024 * 1024
LIST_BYTES_MAX: Final = 100 * 1024 * 1024
"""A list of parties as published; the largest ones are a third. A snapshot is a body of a log."""
LIST_ENTRIES_MAX: Final = 200_000
SCREENING_HITS_MAX: Final = 256
"""Hits that a decision names; what nobody has cleared stands before what somebody has."""
CLEARANCE_DAYS_MAX: Final = 366
"""How long a review may clear a pair of a party and an entry of a list."""

ENVELOPES_PER_SUBMISSION_MAX: Final = 8
SIGNATURES_PER_ENVELOPE_MAX: Final = 16

ENTRY_BYTES_MAX: Final = 65_535
"""C2SP tlog-tiles: an entry's length is a u16."""

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""What an entry may commit to, a snapshot of a list being the largest by far; a longer length in a
bundle is not even tried to be read."""
CHECKPOINT_BYTES_MAX: Final = 64 * 1024
PROOF_BYTES_MAX: Final = 128 * 1024
MISBEHAVIOUR_BYTES_MAX: Final = 3 * CHECKPOINT_BYTES_MAX
POLICY_CHARACTERS_MAX: Final = 1024 * 1024
"""A policy of 256 witnesses with two keys each is half of this."""
WITNESS_REQUEST_BYTES_MAX: Final = CHECKPOINT_BYTES_MAX + 4 * 1024
TIMESTAMP_BYTES_MAX: Final = 64 * 1024
"""A token of a timestamp authority with its certificates; usual ones are a tenth of this."""
STAMPED_BYTES_MAX: Final = CHECKPOINT_BYTES_MAX + 1024
STAMPS_MAX: Final = 1_000_000
CLOCKS_APART_SECONDS_MAX: Final = 300
"""How far the log's clock may be from that of a timestamp authority."""
DECIDE_SECONDS_MAX: Final = 600
"""By when a submission that was acknowledged is decided."""
COSIGNING_SECONDS_MAX: Final = 60
"""How long a service that fails closed takes submissions while its witnesses do not follow."""
LOG_ENTRIES_MAX: Final = 2**40

EVALUATION_ITEMS_MAX: Final = 256
"""Items of all lists in facts that a service is asked about: hundreds of evaluations search for
evidence, and each looks at every item."""
EXPRESSION_BYTES_MAX: Final = 4 * 1024
EXPRESSION_DEPTH_MAX: Final = 64
"""Levels of one expression, the definitions and macros in it expanded."""
EXPRESSION_BRACKETS_MAX: Final = 32
"""Brackets, calls and branches inside each other: each takes a dozen frames of the parser."""
PACK_NODES_MAX: Final = 65_536
"""Nodes of all expressions of a pack together, macros expanded."""
LOOPS_NESTED_MAX: Final = 3
LIST_ITEMS_MAX: Final = 10_000

BATCH_SUBMISSIONS_MAX: Final = 256
QUEUE_SUBMISSIONS_MAX: Final = 4_096
QUEUE_BYTES_MAX: Final = 256 * 1024 * 1024
CONNECTIONS_MAX: Final = 512
"""Half of the files that a process may usually have open, and each holds one body at most."""
REQUEST_SECONDS_MAX: Final = 30
