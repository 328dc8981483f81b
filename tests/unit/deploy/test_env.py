import os
import subprocess
from pathlib import Path

import pytest

from deploy.cli.env import env, exports
from deploy.embedded import passwords, status
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, write_json


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Of a stack that runs, with this very process as its supervisor."""
    made = Home(root=tmp_path / "a home")
    made.make()
    write_json(made.addresses, {"ports": {"postgres": 20_001, "kafka": 20_002}})
    status.write(
        made,
        status.StackStatus(
            pid=os.getpid(),
            pid_started=status.process_started(os.getpid()) or 0,
            state="ready",
            started_at="",
            instance="",
            urls={"kafka": "127.0.0.1:20002", "api": "http://127.0.0.1:20003"},
        ),
    )
    return made


def in_a_shell(text: str) -> dict[str, str]:
    done = subprocess.run(
        ["/bin/sh", "-c", 'eval "$1"; env', "sh", text], env={}, capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def test_a_shell_reads_where_the_parts_of_the_stack_are(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    env(home, role="learner", with_password=False)
    found = in_a_shell(capsys.readouterr().out)
    assert found["FAREGATE_HOME"] == str(home.root)
    assert found["FAREGATE_KAFKA"] == "127.0.0.1:20002"
    assert (found["PGHOST"], found["PGPORT"], found["PGUSER"]) == ("127.0.0.1", "20001", "faregate_learner")
    assert found["FAREGATE_API"] == "http://127.0.0.1:20003"
    assert not {"PGPASSWORD", "FAREGATE_API_KEY"} & found.keys()


def test_a_password_is_told_only_when_asked_for(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    words = passwords.load(home.secrets)
    env(home, role="writer", with_password=False)
    assert not any(word in capsys.readouterr().out for word in words.values())
    env(home, role="writer", with_password=True)
    told = capsys.readouterr().out
    assert in_a_shell(told)["PGPASSWORD"] == words["faregate_writer"]
    assert in_a_shell(told)["FAREGATE_API_KEY"] == words[passwords.API_KEY]
    assert in_a_shell(told)["FAREGATE_CONSOLE_PASSWORD"] == words[passwords.CONSOLE_PASSWORD]
    assert sum(word in told for word in words.values()) == 3


def test_an_unknown_role_is_refused_with_those_that_there_are(home: Home) -> None:
    with pytest.raises(StackError, match=r"no role root.*writer"):
        env(home, role="root", with_password=True)


def test_without_a_stack_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="faregate up"):
        env(Home(root=tmp_path), role="writer", with_password=False)


def test_values_are_quoted_for_a_shell() -> None:
    assert in_a_shell(exports({"A": "it's $HOME; `x`"}))["A"] == "it's $HOME; `x`"
