"""Where the local stack keeps its state: one folder, FAREGATE_HOME, and files with fixed names in it."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Home:
    root: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Home":
        return cls(root=Path(env.get("FAREGATE_HOME") or PROJECT / ".faregate").absolute())

    def make(self) -> None:
        for folder in (self.root, self.logs, self.kafka, self.flink, self.archive, self.simulator):
            folder.mkdir(parents=True, exist_ok=True)
        self.host.mkdir(mode=0o700, exist_ok=True)

    @property
    def key(self) -> str:
        """A short name for this home, the same at every start."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def flink(self) -> Path:
        return self.root / "flink"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def training_set(self) -> Path:
        return self.root / "training" / "history.parquet"

    @property
    def host(self) -> Path:
        """What the processes of this host share outside the database; for their user only."""
        return self.root / "host"

    @property
    def simulator(self) -> Path:
        return self.root / "simulator"

    @property
    def history(self) -> Path:
        return self.root / "history.json"

    @property
    def addresses(self) -> Path:
        return self.root / "addresses.json"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def status(self) -> Path:
        return self.root / "status.json"


@contextmanager
def temporary_home() -> Iterator[Home]:
    """A home that is gone afterwards; other users may pass through it, as PostgreSQL's must."""
    folder = Path(tempfile.mkdtemp(prefix="faregate-"))
    folder.chmod(0o711)
    try:
        yield Home(root=folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_json(path: Path) -> dict[str, Any]:
    """The file's object, or an empty one when there is no such file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def write_json(path: Path, content: Mapping[str, Any], *, mode: int = 0o644) -> None:
    """Replaces the file in one step, so that a reader never sees half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        json.dump(content, file, indent=2)
    part.replace(path)
