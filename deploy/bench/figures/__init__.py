"""Numbers out of what was measured."""
