"""Which code made a model: the release, and a hash of the sources that features and training are made of."""

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "scoring")


@cache
def code_version() -> str:
    """As "0.1.0+1a2b3c4d5e6f"; every change of a source file of PACKAGES gives another one."""
    return f"{_release()}+{source_hash(ROOT)[:12]}"


def source_hash(root: Path) -> str:
    """Of the names and contents of the packages' Python files below `root`, in hexadecimal."""
    found = sha256()
    for file in sorted(file for package in PACKAGES for file in (root / package).rglob("*.py")):
        content = file.read_bytes()
        found.update(f"{file.relative_to(root)} {len(content)}\n".encode() + content)
    return found.hexdigest()


def _release() -> str:
    try:
        return version("faregate")
    except PackageNotFoundError:
        return "0"
