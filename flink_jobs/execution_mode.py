"""Where this Python runs. PyFlink falls back from thread mode to worker processes without a word."""

from pathlib import Path


def runs_in_java() -> bool:
    return Path("/proc/self/exe").resolve().name == "java"
