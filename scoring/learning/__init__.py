"""The loop in which models learn from what has become known: rounds, the gate, and the way to the riders."""
