"""A ledger of payments for the queue, written in one statement; its own trigger raises the alerts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

FILL = """
insert into decisions (
    decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, model_version, rulebook_version, lists_version, policy_version,
    evidence, rules, request, reply, reasons, latency_us
)
select
    'dec_' || lpad(n::text, 5, '0'), %(until)s - n * interval '1 minute', 'tenant_a', 'key_' || n, '',
    'txn_' || n, n, 'usr_' || n %% 300, 'card_' || n %% 400, 'dev_' || n %% 350, 'drv_a', 'ride_' || n,
    1000 + 10 * (n %% 900), 'USD', 'zone_' || n %% 12, 'zone_z',
    (array['approve', 'review', 'challenge', 'decline'])[1 + n %% 4], 50, 0.3, 'R0', 'mdl_' || n %% 3,
    1, 1, 'pol_a', '{}',
    case when n %% 5 = 0 then jsonb_build_array(jsonb_build_object(
        'rule_id', (array['promo_farm', 'house_rule'])[1 + n %% 2], 'acted', true
    )) else '[]' end,
    '', '',
    jsonb_build_array(jsonb_build_object(
        'code', (array['card_payments_5m', 'promo_used', 'rating'])[1 + n %% 3], 'sentence', 'reason of ' || n
    )),
    900
from generate_series(1, %(payments)s) as n
"""
PEOPLE = """
insert into people (person_id, name, role)
values ('ana', 'Ana', 'analyst'), ('lea', 'Lea', 'analyst'), ('tom', 'Tom', 'lead')
"""
ARRIVE = """
insert into alerts
select (json_populate_record(alerts, json_build_object('decision_id', 'dec_new' || n, 'decided_at', at))).*
from alerts, generate_series(1, %(many)s) as n, cast(%(at)s as timestamptz) as at
where decision_id = 'dec_00001'
"""
ADD_RULES = """
with changed as (insert into policy_changes (kind, changed_by) values ('rules', 'tom') returning version)
insert into rules (rule_id, version, rulebook_version, expression, action, priority, mode, owner)
select rule_id, 1, changed.version, 'true', 'review', 0, 'live', 'tom'
from changed, unnest(%(rule_ids)s::text[]) as rule_id
"""


def run(conninfo: str, statement: str, **values: Any) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement, values)


def fill(conninfo: str, payments: int, until: datetime | None = None) -> None:
    """Payments a minute apart, the newest first, a quarter of each verdict; and three people."""
    run(conninfo, FILL, payments=payments, until=until or datetime.now(UTC))
    run(conninfo, PEOPLE)


def stand(conninfo: str, decision_id: str, **columns: Any) -> None:
    """Put a case where a test wants it."""
    changes = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns
    )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            sql.SQL("update alerts set {} where decision_id = %(decision_id)s").format(changes),
            {**columns, "decision_id": decision_id},
        )


def values_of(conninfo: str, statement: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        return [row[0] for row in connection.execute(statement).fetchall()]


def soon(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)
