"""Processes of one host share one journal: one winner a key, and everybody tells the same reply."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from fakes_journal import AT_MS, an_entry
from msgspec import structs

from app.journal import SqliteJournal

PROCESSES, KEYS = 8, 500

CLAIM_ALL = """
import json, random, sys, time
from pathlib import Path
from app.journal import SqliteJournal
from app.ports import JournalEntry, JournalUnavailable

path, me, keys, until = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
journal = SqliteJournal(path)
time.sleep(max(0.0, until - time.time()))
replies, busy = {}, 0
order = list(range(keys))
random.Random(me).shuffle(order)
for number in order:
    key = f"key_{number}"
    entry = JournalEntry(tenant="local", key=key, transaction_id=f"txn_{number}", fingerprint=b"f" * 32,
                         reply=me.encode(), row=b"row of " + me.encode(), at_ms=int(time.time() * 1000))
    while True:
        try:
            first = journal.claim(entry)
            break
        except JournalUnavailable:
            busy += 1
    if first.reply == entry.reply and number % 2:
        journal.mark_kept(first)
    replies[key] = first.reply.decode()
journal.close()
print(json.dumps({"replies": replies, "busy": busy}))
"""

CLAIM_FOR_EVER = """
import itertools, sys
from pathlib import Path
from app.journal import SqliteJournal
from app.ports import JournalEntry

journal = SqliteJournal(Path(sys.argv[1]))
for number in itertools.count():
    journal.claim(JournalEntry(tenant="local", key=f"key_{number}", transaction_id=f"txn_{number}",
                               fingerprint=b"f" * 32, reply=b"reply", row=b"r" * 3000, at_ms=number))
    print(number, flush=True)
"""


def _start(program: str, *arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_of_many_processes_one_wins_a_key_and_all_tell_its_reply(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    started = time.time() + 2
    processes = [_start(CLAIM_ALL, path, f"process_{n}", KEYS, started) for n in range(PROCESSES)]
    told = [json.loads(process.communicate(timeout=120)[0])["replies"] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert all(len(replies) == KEYS for replies in told)
    assert all(replies == told[0] for replies in told)
    assert len(set(told[0].values())) > 1, "only one process won: they did not run side by side"
    with closing(SqliteJournal(path)) as journal:
        stored = {key: journal.find("local", key) for key in told[0]}
        waiting = journal.waiting()
    assert {key: entry.reply.decode() for key, entry in stored.items() if entry} == told[0]
    assert waiting == KEYS // 2


def test_a_killed_process_loses_nothing_that_it_claimed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    process = _start(CLAIM_FOR_EVER, path)
    assert process.stdout is not None
    last = next(int(line) for line in process.stdout if int(line) >= 300)
    os.kill(process.pid, signal.SIGKILL)
    last = max([last, *(int(line) for line in process.stdout.read().split("\n")[:-1])])
    process.stdout.close()
    process.wait()
    with closing(SqliteJournal(path)) as journal:
        assert all(journal.find("local", f"key_{number}") for number in range(last + 1))
        assert len(journal.pending(2**50, 2 * last)) >= last + 1


def test_another_reply_counts_at_once_in_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)) as ours, closing(SqliteJournal(path)) as theirs:
        entry = ours.claim(an_entry())
        ours.mark_kept(structs.replace(entry, reply=b"decided elsewhere"))
        found = theirs.find(entry.tenant, entry.key)
    assert found is not None
    assert found.reply == b"decided elsewhere"


def test_one_process_sees_what_another_marked_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(SqliteJournal(path)) as ours, closing(SqliteJournal(path)) as theirs:
        entry = ours.claim(an_entry())
        ours.mark_kept(entry)
        assert theirs.pending(AT_MS + 1, 10) == [entry]
        ours.flush()
        assert theirs.pending(AT_MS + 1, 10) == []
        found = theirs.find(entry.tenant, entry.key)
    assert found is not None
    assert (found.reply, found.row) == (entry.reply, None)
