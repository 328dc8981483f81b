"""Every version of the event schemas that this branch ever held, and the working tree's."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from deploy.schemas.event_schemas import Schema
from domain.errors import FaregateError

FOLDER = "docs/events/schemas"
SUFFIX = ".json"


class BaselineUnreadable(FaregateError):
    """A schema of the tree is no JSON, or git is here and cannot tell the history."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """`versions` holds (event's name, schema), oldest last; `gap` says what of them is out of reach."""

    versions: list[tuple[str, Schema]]
    gap: str = ""


def read(root: Path) -> Baseline:
    """Raises BaselineUnreadable."""
    versions = [(_event(file.name), _parsed(file)) for file in sorted((root / FOLDER).glob(f"*{SUFFIX}"))]
    if not (root / ".git").exists():
        return Baseline(versions=versions, gap="there is no git history here")
    if which("git") is None:
        return Baseline(versions=versions, gap="git is not installed")
    shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    return Baseline(
        versions=[*versions, *_committed(root)], gap="git's history is cut short here" if shallow else ""
    )


def _event(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(SUFFIX)


def _parsed(file: Path) -> Schema:
    try:
        schema: Schema = json.loads(file.read_bytes())
    except ValueError as error:
        raise BaselineUnreadable(f"{file} is no JSON: restore it, git checkout -- {file}") from error
    return schema


def _committed(root: Path) -> Iterator[tuple[str, Schema]]:
    """First parents only: what a merged branch tried on its way promised nothing."""
    log = _git(
        root, "log", "--first-parent", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", "--", FOLDER
    )
    blobs: dict[str, str] = {}  # to the event's name, newest first
    for line in log.decode().splitlines():
        change, _, path = line.partition("\t")
        blob = change.split()[3]
        if path.endswith(SUFFIX) and set(blob) != {"0"}:  # zeros: the file was deleted
            blobs[blob] = _event(path)
    contents = _git(root, "cat-file", "--batch", typed="\n".join(blobs))
    for event in blobs.values():
        header, _, rest = contents.partition(b"\n")
        size = int(header.split()[2])
        content, contents = rest[:size], rest[size + 1 :]
        try:
            yield event, json.loads(content)
        except ValueError:  # a conflict's markers were committed once: that promised nothing
            continue


def _git(root: Path, *command: str, typed: str = "") -> bytes:
    done = subprocess.run(
        ["git", "-C", root, *command], input=typed.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise BaselineUnreadable(f"git {command[0]} failed in {root}: {done.stderr.decode().strip()}")
    return done.stdout
