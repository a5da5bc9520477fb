"""Signers whose private key is not in this process."""
