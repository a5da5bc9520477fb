"""Strangers verify us: programs that others wrote accept our bytes, and refuse them once changed.

| program | what it is given |
|---|---|
| golang.org/x/mod/sumdb, crypto/mldsa (Go) | exports: checkpoint, cosignatures, tiles, proofs |
| proofbundle | proofs of entries with the log's and a witness's signatures, of both types |
| securesystemslib | envelopes |
| in-toto-attestation | statements |
| rfc8785 | every canonical document |

Where they and we differ, a test says so and why:

* `proofbundle` counts keys and we count operators; it does not miss the log's ML-DSA-44 line; a
  false line of a known witness does not count there and spoils the checkpoint here.
* `securesystemslib` wants ECDSA in DER, where DSSE's own vector and we write `r || s`; it accepts
  `s` in the upper half of the order too.
"""
