"""The models of one API process: which decide, which only watch, and how they change under load."""
