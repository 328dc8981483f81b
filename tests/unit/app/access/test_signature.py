from pathlib import Path
from typing import Any

import pytest

from app.access.signature import (
    MasterSecretRefused,
    Signature,
    SignatureRefused,
    read_master,
    require_signed,
    sign,
    signing_secret,
)

CALL: dict[str, Any] = {"method": "POST", "path": "/v1/transactions", "body": b"{}"}
SECRET = signing_secret(b"m" * 32, "key_a")


def signed(**given: Any) -> Signature:
    return sign(SECRET, **{**CALL, "time_s": 1_000, "nonce": "n" * 16, **given})


def test_a_signature_survives_its_header() -> None:
    assert Signature.read(signed().written()) == signed()


def test_a_signature_holds_for_its_call() -> None:
    for now_s in (700.0, 1_000.0, 1_300.0):
        require_signed(signed(), SECRET, **CALL, now_s=now_s)


@pytest.mark.parametrize("now_s", [699.0, 1_300.5])
def test_a_signature_of_another_time_does_not(now_s: float) -> None:
    with pytest.raises(SignatureRefused, match="clock"):
        require_signed(signed(), SECRET, **CALL, now_s=now_s)


@pytest.mark.parametrize(
    "other", [{"method": "GET"}, {"path": "/v1/transactions?a"}, {"body": b"{ }"}, {"nonce": "m" * 16}]
)
def test_a_signature_of_another_call_does_not(other: dict[str, Any]) -> None:
    sent = signed(**other)
    claimed = Signature(time_s=1_000, nonce="n" * 16, mac=sent.mac)
    with pytest.raises(SignatureRefused, match="another key"):
        require_signed(claimed, SECRET, **CALL, now_s=1_000)


def test_each_key_signs_with_its_own_secret() -> None:
    other = signing_secret(b"m" * 32, "key_b")
    assert other != SECRET != signing_secret(b"o" * 32, "key_a")
    with pytest.raises(SignatureRefused):
        require_signed(signed(), other, **CALL, now_s=1_000)


def test_a_derived_secret_can_never_look_like_a_card_number() -> None:
    assert SECRET.startswith("fgs_")
    assert not any(character.isdigit() for character in SECRET)


@pytest.mark.parametrize(
    "header",
    ["", "t=,n=,v1=", "t=1,n=" + "n" * 15 + ",v1=" + "a" * 64, "t=1,n=" + "n" * 65 + ",v1=" + "a" * 64,
     "t=-1,n=" + "n" * 16 + ",v1=" + "a" * 64, "t=1,n=" + "n" * 16 + ",v1=" + "A" * 64,
     "t=1,n=" + "n" * 16 + ",v1=" + "a" * 63, "t=" + "1" * 40 + ",n=" + "n" * 16 + ",v1=" + "a" * 64],
)  # fmt: skip
def test_what_is_not_of_the_form_is_refused(header: str) -> None:
    with pytest.raises(SignatureRefused, match="must read"):
        Signature.read(header)


def test_the_master_secret_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "master"
    with pytest.raises(MasterSecretRefused, match="cannot be read"):
        read_master(file)
    file.write_bytes(b"short\n")
    with pytest.raises(MasterSecretRefused, match="too short"):
        read_master(file)
    file.write_bytes(b"m" * 32 + b"\n")
    assert read_master(file) == b"m" * 32
