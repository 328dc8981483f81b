"""People and payments that benchmarks measure with."""
