"""Benchmarks: speed beside floors measured in the same run (`make bench`)."""
