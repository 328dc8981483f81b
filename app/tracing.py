"""Spans of a decision's stages for OpenTelemetry, when its SDK is installed and FAREGATE_OTEL=1."""

import logging
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

TraceStage = Callable[[str, float], None]
SWITCH = "FAREGATE_OTEL"
SDK = "opentelemetry.sdk"
OTLP = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
log = logging.getLogger("faregate.tracing")


def no_span(_stage: str, _seconds: float) -> None:
    """What a stage costs that nobody traces."""


def stage_tracing(env: Mapping[str, str]) -> TraceStage:
    """Call it with a stage's name and its seconds, just after it: the span ends now.

    Exporters and their addresses are OpenTelemetry's own OTEL_* variables.
    """
    if env.get(SWITCH) != "1":
        return no_span
    if find_spec(SDK) is None:
        log.warning("%s=1, but opentelemetry-sdk is not installed: nothing is traced", SWITCH)
        return no_span
    return _spans(_tracer())


def _spans(tracer: Any) -> TraceStage:
    def span(stage: str, seconds: float) -> None:
        ended_ns = time.time_ns()
        tracer.start_span(stage, start_time=ended_ns - int(seconds * 1e9)).end(end_time=ended_ns)

    return span


def _tracer() -> Any:
    provider = import_module(f"{SDK}.trace").TracerProvider()
    provider.add_span_processor(import_module(f"{SDK}.trace.export").BatchSpanProcessor(_exporter()))
    return provider.get_tracer("faregate.api")


def _exporter() -> Any:
    """To the collector that OTEL_EXPORTER_OTLP_ENDPOINT names, else to the log."""
    try:
        return import_module(OTLP).OTLPSpanExporter()
    except ImportError:
        return import_module(f"{SDK}.trace.export").ConsoleSpanExporter()
