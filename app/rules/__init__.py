"""Analysts' rules and lists: their language, what is in force, how they are changed and tried on the past."""
