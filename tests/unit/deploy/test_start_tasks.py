"""What the stack starts, and in which order."""

from typing import Any
from unittest.mock import create_autospec

from deploy.embedded import startup
from deploy.embedded.flink import Flink
from deploy.embedded.flink_job import Job
from deploy.embedded.history import History, HistorySize
from deploy.embedded.job_keeper import JobKeeper
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.services import Services
from deploy.embedded.stack import STOP_ORDER
from deploy.embedded.start_tasks import Parts
from deploy.embedded.startup import Task
from deploy.embedded.supervisor import Supervisor


def stand_in(part: type) -> Any:
    return create_autospec(part, instance=True)


def tasks(*, with_dashboard: bool = True, with_learner: bool = True) -> dict[str, Task]:
    parts = Parts(
        kafka=stand_in(Kafka),
        postgres=stand_in(Postgres),
        flink=stand_in(Flink),
        services=stand_in(Services),
        job=stand_in(Job),
        supervisor=stand_in(Supervisor),
        keeper=stand_in(JobKeeper),
        history=stand_in(History),
    )
    return parts.start_tasks(HistorySize(), with_dashboard=with_dashboard, with_learner=with_learner)


def test_every_task_can_start() -> None:
    assert startup.needed_for(tasks(), tasks()).keys() == tasks().keys()


def test_the_dashboard_may_be_left_out() -> None:
    assert tasks().keys() - tasks(with_dashboard=False).keys() == {"dashboard"}


def test_the_learner_may_be_left_out() -> None:
    assert tasks().keys() - tasks(with_learner=False).keys() == {"learner"}


def test_a_model_is_kept_in_a_database_that_is_ready_before_the_api_asks_for_it() -> None:
    assert {"history", "migrations"} <= set(tasks()["model"].needs)
    assert "model" in tasks()["api"].needs


def test_nothing_calls_what_was_stopped_before_it() -> None:
    """What a part needs, directly or not, is stopped in the same tier or later."""
    tier = {name: number for number, names in enumerate(STOP_ORDER) for name in names}
    for name, number in tier.items():
        needed = startup.needed_for(tasks(), [name])
        assert all(tier.get(other, number) >= number for other in needed), name


def test_the_keeper_ends_after_those_who_write_the_ledger() -> None:
    assert "migrations" in tasks()["keeper"].needs
    tier = {name: number for number, names in enumerate(STOP_ORDER) for name in names}
    assert tier["keeper"] > tier["api"]


def test_features_are_there_when_rings_are_built_from_the_whole_past() -> None:
    assert "rings" in tasks()["features"].needs
    assert {"history", "migrations"} <= set(tasks()["rings"].needs)


def test_parity_is_checked_once_features_flow() -> None:
    assert "features" in tasks()["parity"].needs
