"""Benchmarks: one file each, found by its name; `faregate bench NAME` runs one on a real stack."""
