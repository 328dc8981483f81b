"""PostgreSQL of its own with a large ledger in it: decisions, open and closed alerts, an unbroken chain."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psycopg

from app.keeper.heads import HeadsFile
from app.keeper.ledger_rows import connect
from app.keeper.sealer import Sealer
from app.keeper.verification import verify
from app.migrations import migrate
from app.queries import queries_of
from deploy.bench.benchmark import Tell
from deploy.bench.ledger.copying import Plan, fill
from deploy.embedded import children, passwords, ports
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, temporary_home
from deploy.embedded.postgres import Postgres
from domain.display import count

CLOSED_ALERTS = 5_000  # beside the open ones: cases to be compared with
query = queries_of(__file__)


@dataclass(frozen=True, kw_only=True)
class SeededLedger:
    home: Home
    ports: dict[str, int]
    spawner: children.Spawner = field(repr=False)
    postgres: Postgres = field(repr=False)
    postgres_pid: int

    def conninfo(self, role: str) -> str:
        return self.postgres.conninfo(role)


@contextmanager
def seeded_ledger(decisions: int, open_alerts: int, tell: Tell) -> Iterator[SeededLedger]:
    with temporary_home() as home, closing(children.Spawner()) as spawner:
        home.make()
        chosen = ports.choose({}, {})
        postgres = Postgres(home=home, port=chosen["postgres"], passwords=passwords.load(home.secrets))
        postgres.prepare()
        process = spawner.spawn(postgres.launch())
        try:
            postgres.wait_ready(still_runs=lambda: process.poll() is None)
            migrate(postgres.conninfo(passwords.OWNER))
            seeded = SeededLedger(
                home=home, ports=chosen, spawner=spawner, postgres=postgres, postgres_pid=process.pid
            )
            _seed(seeded, decisions, open_alerts, tell)
            yield seeded
        finally:
            children.stop(process, postgres.launch())


def _seed(seeded: SeededLedger, decisions: int, open_alerts: int, tell: Tell) -> None:
    plan = Plan(decisions, open_alerts + CLOSED_ALERTS)
    with psycopg.connect(seeded.conninfo(passwords.OWNER), autocommit=True) as owner:
        fill(owner, plan, lambda copied: tell(f"{count(copied)} decisions copied"))
        owner.execute(query("close_oldest_alerts"), {"most": CLOSED_ALERTS})
        owner.execute("analyze")
    sealed = _seal(seeded, tell)
    if sealed != decisions + CLOSED_ALERTS:
        raise StackError(f"{count(sealed)} rows were sealed, {count(decisions + CLOSED_ALERTS)} were to be.")


def _seal(seeded: SeededLedger, tell: Tell) -> int:
    """As the keeper does, until nothing waits; then the chain is computed again from the rows."""
    heads = HeadsFile(seeded.home.host / "heads.jsonl")
    with connect("keeper", seeded.conninfo("faregate_keeper")) as connection:
        sealer = Sealer(connection, heads, lambda: time.time_ns() // 1_000_000)
        sealer.heal()
        sealed = sum(iter(sealer.turn, 0))
    tell(f"{count(sealed)} rows sealed")
    with connect("bench", seeded.conninfo("faregate_console")) as connection:
        checked = verify(connection, heads)
    if checked.found or checked.unsealed:
        raise StackError(
            f"The seeded ledger's chain does not hold: {checked.found}, {checked.unsealed} unsealed."
        )
    return checked.rows
