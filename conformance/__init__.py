"""Conformance vectors, in no language, and the programs that make and run them (README.md)."""
