"""Tests; the folders mirror `attest` and `service`, `world.py` is a simulated supply chain."""
