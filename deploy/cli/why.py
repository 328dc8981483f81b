"""`faregate why` and `faregate replay-decision`: one decision, from the ledger alone."""

import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from deploy.cli.database import CONSOLE, connect, conninfo
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home
from domain.display import timestamp
from domain.events import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from app.explaining import Why
    from app.replaying import KeptDecision
    from scoring.scorer import Scorer

SHOWN = 12


def why(home: Home, env: Mapping[str, str], decision_id: str, *, as_json: bool) -> None:
    from msgspec import json

    from app.explaining import explain

    with _kept(home, env, decision_id) as (connection, kept):
        found = explain(connection, kept, models(home, env), time.time_ns() // 1_000_000)
    if as_json:
        print(json.encode(found).decode())
        return
    _show(found, Console())


def replay_decision(home: Home, env: Mapping[str, str], decision_id: str) -> int:
    """Print the reply made again; exit code 1 if it is another than the ledger's."""
    from app.explaining import first_difference, replay_kept

    with _kept(home, env, decision_id) as (connection, kept):
        made = replay_kept(connection, kept, models(home, env))
    print(made.reply.decode())
    console = Console(stderr=True)
    if made.same:
        console.print("The same reply, byte for byte.")
        return 0
    console.print(f"Another reply than the ledger's: {first_difference(kept, made)}", highlight=False)
    return 1


def models(home: Home, env: Mapping[str, str]) -> "Callable[[str], Scorer | None]":
    """Models by version: out of the folder that FAREGATE_MODEL_DIR names, else of the registry.

    Raises ModelRefused for one that is not whole, SettingMissing without the key that seals are checked with.
    """

    def find(version: str) -> "Scorer | None":
        from scoring.scorer import Scorer

        folder = (
            Path(env["FAREGATE_MODEL_DIR"]) if "FAREGATE_MODEL_DIR" in env else _kept_at(home, env, version)
        )
        scorer = Scorer.load(folder, passwords.model_key(home, env)) if folder else None
        return scorer if scorer and scorer.version == version else None

    return find


def _kept_at(home: Home, env: Mapping[str, str], version: str) -> Path | None:
    from app.models.artefacts import fetch_at_once

    return fetch_at_once(conninfo(home, env, CONSOLE), version, home.host / "models")


@contextmanager
def _kept(
    home: Home, env: Mapping[str, str], decision_id: str
) -> "Iterator[tuple[psycopg.Connection, KeptDecision]]":
    from app.explaining import find_kept

    with connect(home, env) as connection:
        kept = find_kept(connection, decision_id)
        if kept is None:
            raise StackError(f"The ledger holds no decision {decision_id}. Copy the decision_id of a reply.")
        yield connection, kept


def _show(found: "Why", console: Console) -> None:
    from app.replies import decode_reply

    reply = decode_reply(bytes(found.reply))
    console.print(
        f"[bold]{reply.verdict}[/] {reply.decision_id}, {timestamp(to_ms(reply.decided_at))}, "
        f"score {reply.score}, rung {reply.rung}{f' ({reply.rung_reason})' if reply.rung_reason else ''}",
        highlight=False,
    )
    versions = reply.versions
    console.print(
        f"model {versions.model or 'none'}, rules {versions.rules}, lists {versions.lists}, "
        f"policy {versions.policy}; label: {found.label}",
        highlight=False,
    )
    if found.list_entry:
        console.print(f"{found.list_entry.list} list: {found.list_entry.entry_id}", highlight=False)
    for rule in found.rules:
        acted = "acted" if rule.hit.acted else f"{rule.hit.mode}, did not act"
        console.print(f"rule {rule.hit.rule_id} ({acted}): {rule.expression}", highlight=False)
    if found.pass_through:
        drawn = "was let through" if found.pass_through.drawn else "was not drawn"
        share = f"{found.pass_through.propensity:.2%}"
        console.print(
            f"pass-through, one chance of {share}: {drawn}, instead of {found.pass_through.instead_of}"
        )
    if found.features:
        console.print(_table(found))
    console.print(_replay_line(found), highlight=False)


def _table(found: "Why") -> Table:
    table = Table(
        "log odds", "what the model saw", title=f"{SHOWN} strongest of {len(found.features)} features"
    )
    for feature in found.features[:SHOWN]:
        share = "" if feature.contribution is None else f"{feature.contribution:+.3f}"
        table.add_row(share, feature.sentence)
    if found.base is not None and found.margin is not None:
        table.caption = f"base {found.base:+.3f}, all together {found.margin:+.3f}"
    return table


def _replay_line(found: "Why") -> str:
    if found.replay.same:
        return "Made again from the ledger: the same reply, byte for byte."
    return f"Made again from the ledger: {found.replay.refused or found.replay.differs}"
