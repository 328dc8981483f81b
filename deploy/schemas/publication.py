"""What stands in docs/events: written from the code, or compared with it, if the code keeps its promises."""

import json
from pathlib import Path

from deploy.schemas import baseline
from deploy.schemas.asyncapi import document
from deploy.schemas.compatibility import violations
from deploy.schemas.event_schemas import Schema, event_schemas
from domain.errors import FaregateError

ASYNCAPI = "docs/events/asyncapi.json"


class PromiseBroken(FaregateError):
    """An event changed in a way that its version does not allow."""


class PublicationStale(FaregateError):
    """docs/events says something else than the code."""


def write(root: Path) -> str:
    """Writes docs/events and says so; raises PromiseBroken and then writes nothing."""
    schemas = event_schemas()
    gap = _keep_promises(root, schemas)
    stale = _stale(root, _files(schemas))
    for path, content in stale.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    told = f"Wrote {', '.join(stale)}." if stale else "docs/events is up to date."
    return f"{told}{gap}"


def check(root: Path) -> str:
    """Changes nothing; raises PromiseBroken or PublicationStale."""
    schemas = event_schemas()
    gap = _keep_promises(root, schemas)
    if stale := _stale(root, _files(schemas)):
        raise PublicationStale(
            f"{', '.join(stale)}: not what the code says. Run `faregate schemas` and commit docs/events."
        )
    return f"Event schemas: {len(schemas)} types, all as promised.{gap}"


def _keep_promises(root: Path, schemas: dict[str, Schema]) -> str:
    promised = baseline.read(root)
    found = [broken for event, old in promised.versions for broken in violations({event: old}, schemas)]
    if found:
        lines = dict.fromkeys(str(broken) for broken in found)
        raise PromiseBroken("\n  ".join(["events break what was promised of them:", *lines]))
    return f" Compared with the committed files only: {promised.gap}." if promised.gap else ""


def _files(schemas: dict[str, Schema]) -> dict[str, bytes]:
    files = {f"{baseline.FOLDER}/{name}{baseline.SUFFIX}": _written(s) for name, s in schemas.items()}
    return {**files, ASYNCAPI: _written(document())}


def _written(content: Schema) -> bytes:
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def _stale(root: Path, files: dict[str, bytes]) -> dict[str, bytes]:
    def differs(path: str) -> bool:
        file = root / path
        return not file.exists() or file.read_bytes() != files[path]

    return {path: content for path, content in files.items() if differs(path)}
