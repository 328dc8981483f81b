"""A model's files on this host, written as the registry keeps them; the scorer checks them when it loads."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from app.queries import queries_of
from domain.errors import ModelRefused

SIGNATURE_FILE, SEAL_FILE = "signature.json", "signature.seal"
query = queries_of(__file__)


async def fetch(connection: psycopg.AsyncConnection[dict[str, Any]], version: str, parent: Path) -> Path:
    """The model's folder in `parent`, from the registry if it is not there yet; raises ModelRefused."""
    folder = parent / version
    if not folder.exists():
        wanted = {"version": version}
        artefact = await (await connection.execute(query("artefact"), wanted)).fetchone()
        files = await (await connection.execute(query("artefact_files"), wanted, binary=True)).fetchall()
        _write(folder, _contents(version, artefact, files))
    return folder


def fetch_at_once(conninfo: str, version: str, parent: Path) -> Path | None:
    """As fetch, for who may wait; None for a model that the registry does not know."""
    folder = parent / version
    if folder.exists():
        return folder
    wanted = {"version": version}
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row, connect_timeout=5) as connection:
        artefact = connection.execute(query("artefact"), wanted).fetchone()
        if artefact is None:
            return None
        files = connection.execute(query("artefact_files"), wanted, binary=True).fetchall()
    _write(folder, _contents(version, artefact, files))
    return folder


def _contents(
    version: str, artefact: Mapping[str, Any] | None, files: list[dict[str, Any]]
) -> dict[str, bytes]:
    if artefact is None:
        raise ModelRefused(f"the registry has no model {version}")
    contents = {file["name"]: bytes(file["content"]) for file in files}
    contents[SIGNATURE_FILE] = bytes(artefact["signature"])
    contents[SEAL_FILE] = bytes(artefact["seal"]).hex().encode()
    return contents


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Whole or not at all: other processes of this host write the same."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in contents.items():
            (half / name).write_bytes(content)
        half.rename(folder)
    except OSError as error:
        if not folder.exists():
            raise ModelRefused(f"{folder} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
