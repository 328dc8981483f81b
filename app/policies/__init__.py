"""Thresholds that people set: kept by version, followed by every process that decides."""
