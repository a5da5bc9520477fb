"""Supply-chain provenance for chip foundries: signed statements, dated rules, a replayable log."""
