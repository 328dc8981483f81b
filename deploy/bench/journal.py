"""What the journal of a host costs: a claim, a sync, and the room of a key."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from app.journal import SqliteJournal
from app.ports import JournalEntry, JournalUnavailable
from deploy.bench.benchmark import Result, Tell
from deploy.embedded.errors import StackError

SUMMARY = (
    "time of a claim (microseconds) and of a sync (milliseconds), bytes a key, claims/s of two processes"
)
ROW_BYTES = 2_500
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
    with tempfile.TemporaryDirectory(prefix="faregate-journal-") as folder:
        tell(f"Claiming {chosen.rate} keys a second for {chosen.seconds:.0f} s, each kept a moment later")
        paced = asyncio.run(_paced(Path(folder) / "paced.sqlite", chosen.rate, chosen.seconds))
        tell(f"Claiming {chosen.claims:,} keys, all kept, to see what they leave")
        room = _room(Path(folder) / "room.sqlite", chosen.claims)
        tell("Claiming from two processes side by side")
        together = _together(Path(folder) / "two.sqlite", chosen.claims // 2)
    return {**paced, "bytes_per_key": room, "two_processes_claims_per_s": together}


async def _paced(path: Path, rate: int, seconds: float) -> Result:
    """As the API does it: find, claim, mark kept; a sync ten times a second."""
    finds: list[float] = []
    claims: list[float] = []
    marks: list[float] = []
    secures: list[float] = []
    count = round(rate * seconds)
    with closing(SqliteJournal(path)) as journal:
        cpu, began = time.process_time(), time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            entry = _entry(number)
            at = time.perf_counter()
            journal.find(entry.tenant, entry.key)
            found = time.perf_counter()
            _claimed(journal, entry)
            claimed = time.perf_counter()
            finds.append(found - at)
            claims.append(claimed - found)
            if number % max(1, rate // 10) == 0:
                await journal.secure()
                secures.append(time.perf_counter() - claimed)
            at = time.perf_counter()
            journal.mark_kept(entry)
            marks.append(time.perf_counter() - at)
        cpu_us = (time.process_time() - cpu) / count * 1e6
    return {
        "find_p50_us": _at(finds, 0.5, 1e6),
        "claim_p50_us": _at(claims, 0.5, 1e6),
        "claim_p99_us": _at(claims, 0.99, 1e6),
        "claim_max_us": _at(claims, 1, 1e6),
        "mark_p50_us": _at(marks, 0.5, 1e6),
        "secure_p50_ms": _at(secures, 0.5, 1e3),
        "secure_p99_ms": _at(secures, 0.99, 1e3),
        "cpu_us_per_key": round(cpu_us),
    }


def _at(times_s: Sequence[float], share: float, scale: float) -> float:
    ordered = sorted(times_s)
    return round(ordered[round((len(ordered) - 1) * share)] * scale, 2)


def _room(path: Path, count: int) -> int:
    with closing(SqliteJournal(path)) as journal:
        for number in range(count):
            journal.mark_kept(_claimed(journal, _entry(number)))
            if number % 64 == 63:
                while journal.waiting() > 64:
                    time.sleep(0.001)
    return round(path.stat().st_size / count)


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
    key = f"txn_{number:020x}"
    return JournalEntry(
        tenant="local",
        key=key,
        transaction_id=key,
        fingerprint=os.urandom(32),
        reply=REPLY.format(number, number % 9_000 + 1_000, number % 900 + 100).encode(),
        row=os.urandom(ROW_BYTES),
        at_ms=number,
    )


if __name__ == "__main__":
    _claim_all(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
