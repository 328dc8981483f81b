"""Every key that this host answered, kept on its own disk for as long as keys are promised."""

from app.journal.drain import Drainer
from app.journal.sqlite_journal import SqliteJournal

__all__ = ["Drainer", "SqliteJournal"]
