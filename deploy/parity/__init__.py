"""Vectors of live decisions computed again from raw events, to show that they were what they should be."""
