"""The parts of the pipeline with their numbers of now, and how well each is."""

from msgspec import Struct

from dashboard import health
from dashboard.health import Level, Line
from dashboard.views.pipeline import rates as measuring
from dashboard.views.pipeline.rates import Rates
from dashboard.views.pipeline.readings import FlinkLook, Flow, StreamLook
from domain.display import count, duration_ms
from domain.events import to_ms
from domain.topics import DECISIONS, FEATURES, LABELS, RIDES, SOURCES, Topic

LAG_WATCH = 2_000
CHECKPOINT_OLD_MS = 30_000
MIB = 1024 * 1024
UNKNOWN = "not known"


class Part(Struct, frozen=True, kw_only=True):
    """`value` is its number of now, `note` one more."""

    name: str
    value: str
    note: str = ""
    level: Level = Level.WELL


def parts(flow: Flow, stream: StreamLook, rates: Rates | None) -> dict[str, Part]:
    """By the place in the picture."""
    return {
        "callers": Part(name="Apps and callers", value="payments", note="rides, cards, logins"),
        "api": api(flow),
        "outbox": outbox(flow),
        "relay": relay(stream, rates),
        "events": events(stream, rates),
        "flink": flink(flow, stream),
        "features": features(stream, rates),
        "writer": writer(flow, stream, rates),
        "store": store(flow),
        "rings": rings(flow, stream),
    }


def api(flow: Flow) -> Part:
    full = health.full_model(flow.rungs)
    return Part(
        name="API",
        value=f"{a_second(flow.decisions_10s / 10)} decided",
        note=full.value,
        level=_calm(full.level),
    )


def outbox(flow: Flow) -> Part:
    line = health.outbox(flow.pipeline)
    waiting = count(flow.pipeline.waiting_events)
    return Part(
        name="Ledger and outbox", value=f"{waiting} waiting", note=line.note or "durable", level=line.level
    )


def relay(stream: StreamLook, rates: Rates | None) -> Part:
    return _of_kafka("Relay", stream, _rate(rates, DECISIONS, LABELS), "sent", "decisions and outcomes")


def events(stream: StreamLook, rates: Rates | None) -> Part:
    shares = {"rides": RIDES, "decisions": DECISIONS, "labels": LABELS}
    note = ""
    if rates:
        told = {name: rates.of((topic,)) for name, topic in shares.items()}
        note = ", ".join(f"{name} {rate:.0f}" for name, rate in told.items() if rate is not None)
    return _of_kafka("Kafka: events", stream, _rate(rates, *SOURCES), "in", note)


def flink(flow: Flow, stream: StreamLook) -> Part:
    name = "Flink: histories"
    lag = measuring.histories_lag(stream.kafka) if stream.kafka else None
    note = "" if lag is None else f"{count(lag)} since the checkpoint"
    if stream.flink is None:
        return Part(name=name, value=UNKNOWN, note=note, level=_away(stream.asked_flink))
    if stream.flink.state != "RUNNING":
        return Part(
            name=name, value=stream.flink.state.lower(), note="histories stand still", level=Level.BAD
        )
    checkpoint = checkpoints(stream.flink, to_ms(flow.pipeline.now))
    return Part(name=name, value="running", note=note, level=_calm(checkpoint.level))


def features(stream: StreamLook, rates: Rates | None) -> Part:
    return _of_kafka("Kafka: features", stream, _rate(rates, *FEATURES), "in", "histories, watermarks")


def writer(flow: Flow, stream: StreamLook, rates: Rates | None) -> Part:
    line = health.writer(flow.pipeline)
    lag = measuring.writer_lag(stream.kafka) if stream.kafka else None
    note = f"wrote {line.value}" if lag is None else f"{count(lag)} to go, wrote {line.value}"
    late = lag is not None and lag > LAG_WATCH
    level = max(line.level, Level.WATCH if late else Level.WELL)
    rate = rates.written if rates else None
    return Part(
        name="Writer", value=UNKNOWN if rate is None else f"{a_second(rate)} read", note=note, level=level
    )


def store(flow: Flow) -> Part:
    line = health.feature_age(flow.pipeline)
    return Part(name="Online store", value=_old(flow, line), note="read by every decision", level=line.level)


def _old(flow: Flow, line: Line) -> str:
    return "nothing yet" if flow.pipeline.watermark is None else f"{line.value} old"


def rings(flow: Flow, stream: StreamLook) -> Part:
    name = "Ring builder"
    if not flow.ring_positions:
        return Part(name=name, value="nothing read yet", note="links of riders", level=Level.UNKNOWN)
    lag = measuring.rings_lag(stream.kafka, flow.ring_positions) if stream.kafka else None
    value = UNKNOWN if lag is None else f"{count(lag)} to go"
    level = Level.WATCH if lag is not None and lag > LAG_WATCH else Level.WELL
    return Part(name=name, value=value, note="riders who share", level=level)


def lines(flow: Flow, stream: StreamLook) -> list[Line]:
    """What the picture has no room for."""
    now = flow.pipeline.now
    return [
        health.full_model(flow.rungs),
        health.feature_age(flow.pipeline),
        health.writer(flow.pipeline),
        health.outbox(flow.pipeline),
        *job(stream, to_ms(now)),
        *dead_letters(stream),
        health.parity(flow.parity, now),
    ]


def job(stream: StreamLook, now_ms: int) -> list[Line]:
    if not stream.asked_flink:
        return []
    if stream.flink is None:
        note = "the JobManager does not answer: see `faregate status`"
        return [Line(name="Flink job", value="no answer", level=Level.WATCH, note=note)]
    if stream.flink.state != "RUNNING":
        note = "histories stand still until it runs: see `faregate status`"
        return [Line(name="Flink job", value=stream.flink.state.lower(), level=Level.BAD, note=note)]
    return [Line(name="Flink job", value="running", level=Level.WELL), checkpoints(stream.flink, now_ms)]


def checkpoints(flink_: FlinkLook, now_ms: int) -> Line:
    """How far back a restart would go, what the newest cost, and how many failed."""
    name = "Checkpoint"
    if flink_.newest is None:
        return Line(name=name, value="none yet", level=Level.UNKNOWN)
    ago_ms = max(0, now_ms - flink_.newest.at_ms)
    size = f"{flink_.newest.size / MIB:.1f} MiB"
    value = f"{duration_ms(ago_ms)} ago, in {duration_ms(flink_.newest.took_ms)}, {size}"
    failed = f"{count(flink_.failed)} of {count(flink_.failed + flink_.completed)} failed"
    if ago_ms > CHECKPOINT_OLD_MS:
        note = f"one comes every five seconds ({failed}): see logs/flink-jobmanager.log"
        return Line(name=name, value=value, level=Level.WATCH, note=note)
    return Line(name=name, value=value, level=Level.WELL, note=failed if flink_.failed else "")


def dead_letters(stream: StreamLook) -> list[Line]:
    name = "Dead letters"
    if not stream.asked_kafka:
        return []
    if stream.kafka is None:
        note = "Kafka does not answer: see `faregate status`"
        return [Line(name=name, value=UNKNOWN, level=Level.WATCH, note=note)]
    number = stream.kafka.dead_letters
    return [Line(name=name, value=count(number) if number else "none", level=Level.WELL)]


def a_second(rate: float) -> str:
    """ "12 a second"; below one its decimals say more."""
    return f"{rate:.1f}/s" if rate < 10 else f"{count(rate)}/s"


def _of_kafka(name: str, stream: StreamLook, rate: float | None, verb: str, note: str) -> Part:
    if stream.kafka is None:
        return Part(name=name, value=UNKNOWN, note="", level=_away(stream.asked_kafka))
    if rate is None:
        return Part(name=name, value="measuring …", note=note)
    return Part(name=name, value=f"{a_second(rate)} {verb}", note=note)


def _rate(rates: Rates | None, *topics: Topic) -> float | None:
    return rates.of(topics) if rates else None


def _away(asked: bool) -> Level:
    return Level.WATCH if asked else Level.UNKNOWN


def _calm(level: Level) -> Level:
    """What is not known of a part that is well elsewhere is no reason to look."""
    return Level.WELL if level is Level.UNKNOWN else level
