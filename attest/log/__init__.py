"""The log: entries in a hash chain and a Merkle tree, signed checkpoints, proofs, stores, exports.

It knows bytes, hashes and two signatures, and nothing of what the bodies say (SPEC 12 to 14, 16).
"""
