"""A model folder as the registry keeps it: its signature, its seal, and the files that it names."""

import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from domain.errors import ModelRefused
from scoring.signature import BOOSTER_FILE, SEAL_FILE, SIGNATURE_FILE, TRAIN_AGAIN, Signature


class Artefact(Struct, frozen=True, kw_only=True):
    """`files` by name, without signature and seal; every one has the hash that the signature gives."""

    signature: Signature
    signed: bytes  # signature.json as it was written
    seal: bytes
    files: dict[str, bytes]

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The first and the last payment of its data; when it was trained, where it does not say."""
        data = self.signature.data
        first, last = (str(data.get(name, self.signature.trained_at)) for name in ("from", "to"))
        return datetime.fromisoformat(first), datetime.fromisoformat(last)


def read(folder: Path) -> Artefact:
    """Raises ModelRefused for a folder that is not whole. Only who has the key can check the seal."""
    signed = _content(folder / SIGNATURE_FILE)
    signature = _signature(signed, folder)
    files = {name: _content(folder / name) for name in signature.files}
    return checked(signed, _seal(_content(folder / SEAL_FILE), folder), files, where=str(folder))


def checked(signed: bytes, seal: bytes, files: Mapping[str, bytes], *, where: str) -> Artefact:
    """Raises ModelRefused when a file is missing or is not the one that was signed."""
    signature = _signature(signed, where)
    if BOOSTER_FILE not in signature.files or signature.version != signature.content_version():
        raise ModelRefused(
            f"{where} is signed as {signature.version}, which its content is not. {TRAIN_AGAIN}"
        )
    for name, wanted in signature.files.items():
        if name not in files:
            raise ModelRefused(f"{where} lacks {name}, which its signature names. {TRAIN_AGAIN}")
        if sha256(files[name]).hexdigest() != wanted:
            raise ModelRefused(f"{where}: {name} is not the file that was signed. {TRAIN_AGAIN}")
    signed_files = {name: files[name] for name in signature.files}
    return Artefact(signature=signature, signed=signed, seal=seal, files=signed_files)


def write(artefact: Artefact, folder: Path) -> None:
    """Whole or not at all; what else stands at `folder` is replaced. Raises ModelRefused."""
    contents = artefact.files | {
        SIGNATURE_FILE: artefact.signed,
        SEAL_FILE: artefact.seal.hex().encode(),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _put_in_place(contents, folder)
    except OSError as error:
        raise ModelRefused(f"{folder} cannot be written: {error.strerror}. Is the disk full?") from error


def _put_in_place(contents: Mapping[str, bytes], folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        half = Path(beside) / "new"
        half.mkdir(mode=0o755)
        for name, content in contents.items():
            (half / name).write_bytes(content)
        if folder.exists():
            shutil.move(folder, Path(beside) / "replaced")
        half.rename(folder)


def _signature(signed: bytes, where: Path | str) -> Signature:
    try:
        return msgspec.json.decode(signed, type=Signature)
    except msgspec.MsgspecError as error:
        raise ModelRefused(f"The signature of {where} cannot be read: {error}. {TRAIN_AGAIN}") from error


def _seal(text: bytes, folder: Path) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError as error:
        raise ModelRefused(f"The seal of {folder} is no hexadecimal number. {TRAIN_AGAIN}") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read: {error.strerror}. {TRAIN_AGAIN}") from error
