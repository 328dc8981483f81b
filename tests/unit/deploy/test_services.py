"""What a child of the stack is told, and what it is not."""

from pathlib import Path

import pytest

from deploy.embedded.errors import NotReady
from deploy.embedded.home import Home
from deploy.embedded.passwords import MODEL_KEY, ROLES
from deploy.embedded.services import Services, common_environment, wait_http

HOME = Home(root=Path("/h"))
SERVICES = ("api", "relay", "keeper", "writer", "rings", "parity", "learner", "dashboard")


def services() -> Services:
    env = common_environment({"PATH": "/bin", "PGHOST": "elsewhere", "PYTHONPATH": "/x"}, HOME, "k:1", "i-1")
    ports = {"flink": 9005, "api": 1, "dashboard": 2, "postgres": 3}
    words = dict.fromkeys((*ROLES, MODEL_KEY), "pw")
    return Services(home=HOME, ports=ports, passwords=words, env=env, instance="i-1")


def test_what_would_mislead_a_child_is_left_out() -> None:
    env = services().env
    assert env["PATH"] == "/bin"
    assert not {"PGHOST", "PYTHONPATH"} & set(env)
    assert (env["FAREGATE_KAFKA"], env["FAREGATE_INSTANCE"], env["FAREGATE_HOME"]) == ("k:1", "i-1", "/h")


def test_what_the_caller_wishes_of_the_api_is_handed_on() -> None:
    base = {"FAREGATE_DEADLINE_MS": "80", "FAREGATE_API_PORT": "9999"}
    env = common_environment(base, HOME, "k:1", "i-1")
    assert env["FAREGATE_DEADLINE_MS"] == "80"
    assert "FAREGATE_API_PORT" not in env


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("api", "faregate_api"),
        ("relay", "faregate_relay"),
        ("keeper", "faregate_keeper"),
        ("writer", "faregate_writer"),
        ("rings", "faregate_writer"),
        ("parity", "faregate_learner"),
        ("learner", "faregate_learner"),
        ("dashboard", "faregate_console"),
    ],
)
def test_each_process_has_its_own_role(name: str, role: str) -> None:
    launch = getattr(services(), name)()
    assert launch.name == name
    assert (launch.env["PGUSER"], launch.env["PGPORT"], launch.env["PGHOST"]) == (role, "3", "127.0.0.1")


def test_what_nobody_waits_for_comes_last() -> None:
    assert services().parity().niceness > services().dashboard().niceness > services().api().niceness
    assert services().learner().niceness == services().parity().niceness


def test_the_processes_of_a_host_share_a_folder() -> None:
    keeper, api = services().keeper(), services().api()
    assert keeper.env["FAREGATE_STATE_DIR"] == api.env["FAREGATE_STATE_DIR"] == "/h/host"
    assert "FAREGATE_STATE_DIR" not in services().relay().env


def test_only_those_who_seal_or_load_models_are_told_the_key() -> None:
    told = [name for name in SERVICES if "FAREGATE_MODEL_KEY" in getattr(services(), name)().env]
    assert sorted(told) == ["api", "learner"]


def test_the_learner_is_told_its_pace_and_its_training_set() -> None:
    env = services().learner().env
    assert (env["FAREGATE_LEARN_EVERY_S"], env["FAREGATE_MATURITY_S"]) == ("180", "7776000")
    assert env["FAREGATE_TRAINING_SET"] == "/h/training/history.parquet"


def test_the_registry_says_which_model_serves() -> None:
    assert "FAREGATE_MODEL_DIR" not in services().api().env


def test_secrets_are_not_in_the_representation_of_a_launch() -> None:
    assert "pw" not in repr(services().api())


def test_a_service_that_ended_is_not_waited_for() -> None:
    with pytest.raises(NotReady, match="ended while starting"):
        wait_http("http://127.0.0.1:9/none", "api", lambda: False)
