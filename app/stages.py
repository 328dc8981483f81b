"""The parts of a decision whose time is measured, in the order of their coming."""

from enum import StrEnum


class Stage(StrEnum):
    ADMIT = "admit"  # key, signature and rate of the caller
    READ_BODY = "read_body"
    PARSE = "parse"
    FIND = "find"  # the key in the journal
    READ = "read"  # the histories
    ASSESS = "assess"  # vector, score, reasons, lists and rules
    CLAIM = "claim"  # the key in the journal
    KEEP = "keep"  # the row in PostgreSQL
    REPLY = "reply"
