"""Keeps the ledger: seals its rows, makes its partitions, and removes what has served its time."""
