"""Public test vectors, run in full: each runner counts its cases and says why any is left out."""
