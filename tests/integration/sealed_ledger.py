"""A ledger with rows that a keeper has sealed, for tests that tamper with it."""

import itertools
from collections.abc import Callable
from pathlib import Path

import psycopg

from app.keeper.heads import HeadsFile
from app.keeper.ledger_rows import connect
from app.keeper.sealer import Sealer
from app.keeper.verification import Verified, verify

ADD_DECISION = """
insert into decisions (
    decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, rulebook_version, lists_version, policy_version,
    vector, evidence, rules, request, reply, reasons, latency_us
)
select
    'dec_' || id, clock_timestamp(), 'local', 'key_' || id, '\\x00', 'txn_' || id, 1,
    'usr_a', 'card_a', 'dev_a', 'drv_a', 'ride_a', 1850, 'USD', 'zone_a', 'zone_b',
    'approve', 7, 0.0123, 'R0', 1, 1, 'policy_a',
    '\\x0102', '{"normals": {"a": 1.50}}', '[]', '{}', '{}', '[]', 900
from unnest(%s::text[]) as id
"""
ADD_OUTCOME = """
insert into outcomes (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, amount_minor)
select 'out_' || %(id)s, transaction_id, decision_id, decided_at, 'captured', clock_timestamp(), 1850
from decisions where decision_id = 'dec_' || %(id)s
"""
ADD_LABEL = """
insert into labels (label_id, decision_id, decided_at, label, labelled_by)
select 'lab_' || %(id)s, decision_id, decided_at, 'fraud', 'ana'
from decisions where decision_id = 'dec_' || %(id)s
"""


class SealedLedger:
    """`owner` may do everything; the sealer has the keeper's rights, verification the console's."""

    def __init__(self, conninfo: Callable[[str], str], folder: Path) -> None:
        self.conninfo = conninfo
        self.heads = HeadsFile(folder / "heads.jsonl")
        self.owner = psycopg.connect(conninfo("faregate_owner"), autocommit=True)
        self.keeper = connect("keeper", conninfo("faregate_keeper"))
        self._time_ms = itertools.count(1_767_225_600_000, 1_000)
        self.sealer = self.restarted()

    def restarted(self) -> Sealer:
        self.sealer = Sealer(self.keeper, self.heads, lambda: next(self._time_ms))
        self.sealer.heal()
        return self.sealer

    def add(self, *ids: str) -> None:
        """Decisions, in one transaction."""
        self.owner.execute(ADD_DECISION, [list(ids)])

    def add_outcome(self, id_: str) -> None:
        self.owner.execute(ADD_OUTCOME, {"id": id_})

    def add_label(self, id_: str) -> None:
        self.owner.execute(ADD_LABEL, {"id": id_})

    def seal(self, *ids: str) -> int:
        """Add decisions, and seal what is there."""
        if ids:
            self.add(*ids)
        return self.sealer.turn()

    def tamper(self, statement: str, *values: object) -> None:
        """As somebody who may do everything in the database."""
        assert self.owner.execute(statement.encode(), values or None).rowcount != 0

    def verify(self) -> Verified:
        with connect("audit", self.conninfo("faregate_console")) as connection:
            return verify(connection, self.heads)

    def found(self) -> set[tuple[str, str]]:
        """Kind and place of each finding."""
        return {(finding.kind, finding.where) for finding in self.verify().findings}

    def close(self) -> None:
        self.owner.close()
        self.keeper.close()
