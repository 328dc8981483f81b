"""The Java archives of the local stack: named and hashed in jars.lock, kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.embedded.errors import StackError

LOCK_FILE = Path(__file__).parents[2] / "jars.lock"
TRIES = 3
PARALLEL = 6
TIMEOUT_S = 60

JarSet = Literal["kafka", "flink"]


@dataclass(frozen=True, kw_only=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int
    used_by: str

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


class JarError(StackError):
    """A jar could not be downloaded, or is not the one that jars.lock names."""


def read_lock(path: Path = LOCK_FILE) -> tuple[Jar, ...]:
    jars, section = [], ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            coordinates, sha256, size = line.split()
            group, artifact, version = coordinates.split(":")
            jars.append(
                Jar(
                    group=group,
                    artifact=artifact,
                    version=version,
                    sha256=sha256,
                    size_bytes=int(size),
                    used_by=section,
                )
            )
    return tuple(jars)


def cache_folder(env: Mapping[str, str]) -> Path:
    base = env.get("XDG_CACHE_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".cache")
    return Path(base) / "faregate" / "jars"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing(jars: Iterable[Jar], folder: Path, *, thorough: bool = False) -> list[Jar]:
    """Jars that are absent or of another size; with `thorough` also those of another hash."""
    return [jar for jar in jars if not _is_right(folder / jar.file_name, jar, thorough=thorough)]


def _is_right(path: Path, jar: Jar, *, thorough: bool) -> bool:
    if not path.is_file() or path.stat().st_size != jar.size_bytes:
        return False
    return not thorough or sha256_of(path) == jar.sha256


def fetch(jar: Jar, folder: Path) -> None:
    """Puts the jar into the folder, verified; raises JarError after three tries and Maven's own attempt."""
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    for download in (*([_by_maven_artifact] * TRIES), _by_maven):
        handle, name = tempfile.mkstemp(dir=folder, prefix=jar.file_name, suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            download(jar, part)
            _verify(jar, part)
            part.replace(folder / jar.file_name)
        except (OSError, JarError) as problem:
            problems.append(str(problem))
        else:
            return
        finally:
            part.unlink(missing_ok=True)
    raise JarError(
        f"Could not download {jar.coordinates} into {folder}: {problems[-2]}; {problems[-1]}. "
        "Check the network connection and run `make install` again."
    )


def _by_maven_artifact(jar: Jar, target: Path) -> None:
    from maven_artifact import Artifact, Downloader  # type: ignore[import-untyped,unused-ignore]
    from maven_artifact.requestor import RequestException  # type: ignore[import-untyped,unused-ignore]

    downloader = Downloader()
    url = downloader.resolver.uri_for_artifact(Artifact.parse(jar.coordinates))
    try:
        response = downloader.requestor.request(url, None, stream=True, timeout=TIMEOUT_S)
    except RequestException as problem:
        raise JarError(problem.msg) from problem
    with response, target.open("wb") as file:
        for block in response.iter_content(chunk_size=1 << 18):
            file.write(block)


def _by_maven(jar: Jar, target: Path) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise JarError("Maven (mvn) is not installed either")
    with tempfile.TemporaryDirectory() as folder:
        goal = ["dependency:copy", f"-Dartifact={jar.coordinates}", f"-DoutputDirectory={folder}"]
        try:
            subprocess.run([mvn, "-q", "-B", *goal], check=True, capture_output=True, timeout=300)
        except subprocess.SubprocessError as problem:
            raise JarError(f"mvn dependency:copy: {problem}") from problem
        shutil.copyfile(Path(folder) / jar.file_name, target)


def _verify(jar: Jar, path: Path) -> None:
    found = sha256_of(path)
    if found != jar.sha256:
        raise JarError(f"{jar.file_name} has sha256 {found}, jars.lock says {jar.sha256}")


def fetch_all(jars: Iterable[Jar], folder: Path, on_fetched: Callable[[Jar], None]) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        downloads = {pool.submit(fetch, jar, folder): jar for jar in jars}
        try:
            for download in as_completed(downloads):
                download.result()
                on_fetched(downloads[download])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def ensure(folder: Path, *, thorough: bool = False) -> None:
    """Downloads what is missing, with a progress bar on stderr; silent when everything is there."""
    wanted = missing(read_lock(), folder, thorough=thorough)
    if not wanted:
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        total = sum(jar.size_bytes for jar in wanted)
        task = progress.add_task("Kafka broker and Flink connector", total=total)
        fetch_all(wanted, folder, lambda jar: progress.advance(task, jar.size_bytes))


def paths(used_by: JarSet, folder: Path) -> list[Path]:
    return [folder / jar.file_name for jar in read_lock() if jar.used_by == used_by]


def main() -> int:
    try:
        ensure(cache_folder(os.environ), thorough=True)
    except JarError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
