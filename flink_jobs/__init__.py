"""Folds the streams of events into card, user and profile histories."""
