from pathlib import Path

import pytest

from app.access.gate import Gate, GateSettings
from app.access.keys import ApiKey, KeyRing, hash_of, new_secret
from app.access.signature import MasterSecretRefused
from app.card_numbers import holds_card_number

KEY = ApiKey(
    key_id="key_a", tenant="a", scopes=frozenset(("read",)), rate_per_s=1, burst=1, expires_at_ms=1_000
)
RING = KeyRing([(hash_of("fgk_a"), KEY)])


def test_a_key_is_found_by_its_secret_until_it_expires() -> None:
    assert RING.find("fgk_a", 999) == KEY
    assert RING.find("fgk_a", 1_000) is None
    assert RING.find("fgk_b", 0) is None


@pytest.mark.parametrize("secret", ["", "\udcff", "\0", "é"])
def test_any_text_may_be_looked_for(secret: str) -> None:
    assert RING.find(secret, 0) is None


def test_the_caller_of_a_key_is_who_the_ledger_knows() -> None:
    caller = KEY.caller()
    assert (caller.tenant, caller.key_id, caller.test) == ("a", "key_a", False)


def test_a_new_secret_is_long_and_never_like_a_card_number() -> None:
    secret = new_secret(lambda count: "4111111111111111"[:16] * (count // 8))
    assert (len(secret), holds_card_number(secret)) == (52, False)
    assert new_secret() != new_secret()


def test_a_gate_is_told_by_its_environment(tmp_path: Path) -> None:
    env = {"FAREGATE_STATE_DIR": str(tmp_path), "FAREGATE_OPEN_METRICS": "0"}
    gate = Gate.open(GateSettings.from_env(env), lambda: RING)
    assert (gate.open_metrics, gate.master) == (False, None)
    assert {file.name for file in tmp_path.iterdir()} >= {"rates.bin", "nonces.sqlite"}
    gate.close()
    with pytest.raises(MasterSecretRefused):
        Gate.open(GateSettings.from_env(env | {"FAREGATE_SIGNING_SECRET_FILE": "/none"}), lambda: RING)


@pytest.mark.parametrize(
    ("env", "is_open"),
    [
        ({}, True),
        ({"FAREGATE_API_HOST": "127.0.0.1"}, True),
        ({"FAREGATE_API_HOST": "::1"}, True),
        ({"FAREGATE_API_HOST": "0.0.0.0"}, False),  # noqa: S104 - a deployment may
        ({"FAREGATE_API_HOST": "0.0.0.0", "FAREGATE_OPEN_METRICS": "1"}, True),  # noqa: S104 - as above
        ({"FAREGATE_OPEN_METRICS": "0"}, False),
    ],
)
def test_metrics_are_open_on_loopback_alone_unless_told_otherwise(env: dict[str, str], is_open: bool) -> None:
    assert GateSettings.from_env(env).open_metrics == is_open
