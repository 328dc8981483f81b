import time
from importlib.util import find_spec
from typing import Any

import pytest

from app.tracing import _spans, no_span, stage_tracing


class FakeTracer:
    def __init__(self) -> None:
        self.spans: list[list[Any]] = []

    def start_span(self, name: str, start_time: int) -> "FakeTracer":
        self.spans.append([name, start_time])
        return self

    def end(self, end_time: int) -> None:
        self.spans[-1].append(end_time)


@pytest.mark.parametrize("env", [{}, {"FAREGATE_OTEL": "0"}])
def test_nothing_is_traced_unless_asked(env: dict[str, str]) -> None:
    assert stage_tracing(env) is no_span


@pytest.mark.skipif(find_spec("opentelemetry.sdk") is not None, reason="the SDK is installed here")
def test_without_the_sdk_it_says_so_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    assert stage_tracing({"FAREGATE_OTEL": "1"}) is no_span
    assert "opentelemetry-sdk is not installed" in caplog.text


def test_a_span_covers_the_seconds_before_now() -> None:
    tracer = FakeTracer()
    _spans(tracer)("read", 0.25)
    ((name, began_ns, ended_ns),) = tracer.spans
    assert (name, ended_ns - began_ns) == ("read", 250_000_000)
    assert abs(ended_ns - time.time_ns()) < 5_000_000_000
