"""Models put into the registry by hand, and moved without asking anybody."""

from pathlib import Path

import psycopg
from msgspec import json
from small_model import write_small_model

from app.models.artefacts import SEAL_FILE, SIGNATURE_FILE


class RegisteredModels:
    """On the owner's connection, autocommit; small models are made in `folder`, once for each seed."""

    def __init__(self, connection: psycopg.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    def add(self, seed: int) -> str:
        """A small model, registered and nowhere in use; its version."""
        folder = self._folder / f"made_{seed}"
        if not folder.exists():
            write_small_model(folder, seed=seed)
        signature = (folder / SIGNATURE_FILE).read_bytes()
        version: str = json.decode(signature)["version"]
        self._connection.execute(
            "insert into models (version, kind, signature, seal, data_from, data_until, code_version, "
            "metrics, registered_by) values (%s, 'offline', %s, %s, now(), now(), 'test', '{}', 'test')",
            [version, signature, bytes.fromhex((folder / SEAL_FILE).read_text())],
        )
        for file in folder.iterdir():
            if file.name not in (SIGNATURE_FILE, SEAL_FILE):
                self._connection.execute(
                    "insert into model_files values (%s, %s, %s)", [version, file.name, file.read_bytes()]
                )
        return version

    def move(self, version: str, state: str, *, share: float = 0.0, in_s: float = 0.0) -> None:
        self._connection.execute(
            "insert into model_moves (version, to_state, share, moved_by, active_from) "
            "values (%s, %s, %s, 'test', clock_timestamp() + %s * interval '1 second')",
            [version, state, share, in_s],
        )
        self._connection.execute("select pg_notify('models', %s)", [version])

    def swap(self, champion: str, former: str, *, in_s: float) -> None:
        """Both at one instant."""
        with self._connection.transaction():
            for version, state in ((champion, "champion"), (former, "shadow")):
                self._connection.execute(
                    "insert into model_moves (version, to_state, moved_by, active_from) "
                    "values (%s, %s, 'test', now() + %s * interval '1 second')",
                    [version, state, in_s],
                )
        self._connection.execute("select pg_notify('models', %s)", [champion])

    def wish(self, version: str) -> None:
        self._connection.execute(
            "insert into model_wishes (version, asked_by, until) "
            "values (%s, 'test', now() + interval '1 minute') "
            "on conflict (version) do update set asked_at = clock_timestamp()",
            [version],
        )
        self._connection.execute("select pg_notify('models', %s)", [version])

    def spoil(self, version: str, name: str) -> None:
        self._connection.execute(
            "update model_files set content = content || '!'::bytea where version = %s and name = %s",
            [version, name],
        )

    def readiness(self) -> dict[str, str | None]:
        """Of all processes together: refusals by version, None where ready."""
        rows = self._connection.execute("select version, refused from model_readiness").fetchall()
        return dict(rows)

    def processes(self) -> list[str]:
        return [row[0] for row in self._connection.execute("select process from api_processes").fetchall()]
