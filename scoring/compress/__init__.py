"""Smaller models that say nearly the same: pruned, distilled, and a table that tells what each one costs."""
