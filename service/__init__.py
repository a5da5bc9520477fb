"""The foundry's service: the HTTP API, the sequencer and their start. Nothing imports it."""
