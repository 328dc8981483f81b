"""Tests of the whole stack: they share one, which stands for as long as they run."""
