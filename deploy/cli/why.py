"""`faregate why` and `faregate replay-decision`: one decision, from the ledger alone."""

import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from deploy.cli.database import connect
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
        found = explain(connection, kept, models(_model_folder(home, env)), time.time_ns() // 1_000_000)
    if as_json:
        print(json.encode(found).decode())
        return
    _show(found, Console())


def replay_decision(home: Home, env: Mapping[str, str], decision_id: str) -> int:
    """Print the reply made again; exit code 1 if it is another than the ledger's."""
    from app.explaining import first_difference, replay_kept

    with _kept(home, env, decision_id) as (connection, kept):
        made = replay_kept(connection, kept, models(_model_folder(home, env)))
    print(made.reply.decode())
    console = Console(stderr=True)
    if made.same:
        console.print("The same reply, byte for byte.")
        return 0
    console.print(f"Another reply than the ledger's: {first_difference(kept, made)}", highlight=False)
    return 1


def models(folder: Path) -> "Callable[[str], Scorer | None]":
    """The model of a folder if it is the version asked for; raises ModelRefused for one that is not whole."""

    def find(version: str) -> "Scorer | None":
        from scoring.scorer import Scorer

        scorer = Scorer.load(folder)
        return scorer if scorer.version == version else None

    return find


def _model_folder(home: Home, env: Mapping[str, str]) -> Path:
    return Path(env.get("FAREGATE_MODEL_DIR") or home.model)


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
