"""Sealed models that differ in a threshold, and so in version: one is compiled, all may be loaded."""

import shutil
from pathlib import Path

import msgspec
from msgspec.structs import replace
from small_model import MODEL_KEY, write_small_model

from scoring.signature import SEAL_FILE, SIGNATURE_FILE, read_signature, seal_of


def write_variants(parent: Path, number: int) -> list[Path]:
    first = write_small_model(parent / "0")
    return [first, *(_variant(first, parent / str(n), n / 100) for n in range(1, number))]


def _variant(first: Path, folder: Path, lower: float) -> Path:
    shutil.copytree(first, folder)
    signature = read_signature(first, MODEL_KEY)
    thresholds = replace(signature.thresholds, review=signature.thresholds.review - lower)
    changed = replace(signature, thresholds=thresholds)
    content = msgspec.json.encode(replace(changed, version=changed.content_version()))
    (folder / SIGNATURE_FILE).write_bytes(content)
    (folder / SEAL_FILE).write_text(seal_of(content, MODEL_KEY))
    return folder
