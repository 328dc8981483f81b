"""What the journal of a host costs: a claim, a sync, and the room of a key."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

from app.journal import SqliteJournal
from app.ports import JournalEntry, JournalUnavailable
from deploy.bench.benchmark import Result, Tell
from deploy.embedded.errors import StackError

SUMMARY = "time of a claim, CPU and bytes of a key, time of a sync, claims/s of two processes"
ROW_BYTES = 2_500
BATCH = 15
REPLY = (
    '{{"decision_id":"dec_{0:026x}","transaction_id":"txn_{0:020x}","verdict":"approve","score":4,'
    '"probability":0.00{1},"rung":"R0","rung_reason":null,"feature_age_ms":{2},"reasons":['
    '{{"code":"amount_over_usual","sentence":"the amount is 1.{2}x what this rider pays; usual for this '
    'rider is 1.0x","value":1.{1},"normal":1.0,"contribution":0.{1}}},'
    '{{"code":"user_payments_24h","sentence":"4 payments by this rider in the last 24 hours","value":4.0,'
    '"normal":null,"contribution":0.{2}}}],"rules":[],"list_entry":null,"versions":{{"model":"model_20260101",'
    '"rules":12,"lists":3,"policy":"policy_a"}},"decided_at":"2026-01-01T00:00:00.{1}Z"}}'
)


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=300, help="claims a second while single claims are timed")
    parser.add_argument("--seconds", type=float, default=10.0)


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    with tempfile.TemporaryDirectory(prefix="faregate-journal-") as name:
        folder = Path(name)
        tell(f"Claiming {chosen.rate} keys a second for {chosen.seconds:.0f} s, each kept a moment later")
        paced = asyncio.run(_paced(folder / "paced.sqlite", chosen.rate, chosen.seconds))
        tell(f"Claiming {chosen.claims:,} keys, all kept, to see what they cost and leave")
        room = _room(folder / "room.sqlite", chosen.claims)
        tell("Claiming from two processes side by side")
        together = _together(folder / "two.sqlite", chosen.claims // 2)
    return {**paced, **room, "two_processes_claims_per_s": together}


async def _paced(path: Path, rate: int, seconds: float) -> Result:
    """As the API does it: find, claim, mark kept; a sync now and then."""
    finds: list[float] = []
    claims: list[float] = []
    marks: list[float] = []
    secures: list[float] = []
    idle_us = await _idle(rate, min(seconds, 3.0))
    with closing(SqliteJournal(path)) as journal:
        serving = asyncio.create_task(journal.serve())
        cpu = time.process_time()
        async for number, entry in _arriving(rate, seconds):
            at = time.perf_counter()
            journal.find(entry.tenant, entry.key)
            found = time.perf_counter()
            _claimed(journal, entry)
            claimed = time.perf_counter()
            finds.append(found - at)
            claims.append(claimed - found)
            if number % rate == 0:
                await journal.secure()
                secures.append(time.perf_counter() - claimed)
            at = time.perf_counter()
            journal.mark_kept(entry)
            marks.append(time.perf_counter() - at)
        cpu_us = (time.process_time() - cpu) / len(finds) * 1e6
        serving.cancel()
    return {
        "find_p50_us": _at(finds, 0.5, 1e6),
        "claim_p50_us": _at(claims, 0.5, 1e6),
        "claim_p99_us": _at(claims, 0.99, 1e6),
        "claim_max_us": _at(claims, 1, 1e6),
        "mark_p50_us": _at(marks, 0.5, 1e6),
        "secure_p50_ms": _at(secures, 0.5, 1e3),
        "secure_p99_ms": _at(secures, 0.99, 1e3),
        "paced_cpu_us_per_key": round(cpu_us - idle_us),
    }


async def _arriving(rate: int, seconds: float) -> AsyncIterator[tuple[int, JournalEntry]]:
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        yield number, _entry(number)


async def _idle(rate: int, seconds: float) -> float:
    """CPU of making an entry and waiting for its time, in microseconds."""
    cpu = time.process_time()
    arrived = [number async for number, _ in _arriving(rate, seconds)]
    return (time.process_time() - cpu) / len(arrived) * 1e6


def _at(times_s: Sequence[float], share: float, scale: float) -> float:
    ordered = sorted(times_s)
    return round(ordered[round((len(ordered) - 1) * share)] * scale, 2)


def _room(path: Path, count: int) -> Result:
    """At full speed, written in batches as large as at 300 a second."""
    blocks: list[float] = []
    cpu_s = 0.0
    with closing(SqliteJournal(path)) as journal:
        for first in range(0, count, BATCH):
            batch = [_entry(number) for number in range(first, min(first + BATCH, count))]
            cpu = time.thread_time()
            for entry in batch:
                journal.find(entry.tenant, entry.key)
                journal.mark_kept(_claimed(journal, entry))
            at = time.perf_counter()
            journal.flush()
            blocks.append(time.perf_counter() - at)
            cpu_s += time.thread_time() - cpu
        cpu = time.thread_time()
        forgotten = journal.forget(_entry(0).at_ms + 1)
        forget_s = time.thread_time() - cpu
    return {
        "cpu_us_per_key": round(cpu_s / count * 1e6, 1),
        "forget_cpu_us_per_key": round(forget_s / max(1, forgotten) * 1e6, 1),
        "write_p50_us": _at(blocks, 0.5, 1e6),
        "bytes_per_key": round(path.stat().st_size / count),
    }


def _together(path: Path, count: int) -> int:
    words = [sys.executable, "-m", "deploy.bench.journal", str(path), str(count)]
    both = [subprocess.Popen([*words, str(n)], stdout=subprocess.PIPE, text=True) for n in range(2)]
    spans = [json.loads(each.communicate()[0]) for each in both]
    seconds = max(end for _, end in spans) - min(begin for begin, _ in spans)
    return int(2 * count / seconds)


def _claim_all(path: Path, count: int, process: int) -> None:
    with closing(SqliteJournal(path)) as journal:
        began = time.time()
        for number in range(count):
            _claimed(journal, _entry(process * count + number))
        print(json.dumps([began, time.time()]))


def _claimed(journal: SqliteJournal, entry: JournalEntry) -> JournalEntry:
    """At full speed writers meet so often that patience ends now and then."""
    for _ in range(1_000):
        with suppress(JournalUnavailable):
            return journal.claim(entry)
    raise StackError("The journal was unavailable a thousand times in a row.")


def _entry(number: int) -> JournalEntry:
    key = f"txn_{sha256(number.to_bytes(8)).hexdigest()[:20]}"
    return JournalEntry(
        tenant="local",
        key=key,
        transaction_id=key,
        fingerprint=os.urandom(32),
        reply=REPLY.format(number, number % 9_000 + 1_000, number % 900 + 100).encode(),
        row=os.urandom(ROW_BYTES),
        at_ms=time.time_ns() // 1_000_000,
    )


if __name__ == "__main__":
    _claim_all(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
