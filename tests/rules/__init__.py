"""Tests of attest.rules and of the packs in rules/."""
