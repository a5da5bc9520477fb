"""The verifier page in a real browser."""
