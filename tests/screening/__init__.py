"""Tests of attest.screening."""
