"""The few questions we ask a Flink JobManager over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import Retryable

TIMEOUT_S = 5


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    began_ms: int
    ended_ms: int


class FlinkUnavailable(Retryable):
    """The JobManager does not answer."""


@dataclass(frozen=True, kw_only=True)
class FlinkRest:
    url: str

    def instance(self, key: str) -> str | None:
        """The value of one of our own settings, which tells our JobManager from another."""
        for entry in self._get("/jobmanager/config"):
            if entry["key"] == key:
                return str(entry["value"])
        return None

    def taskmanagers(self) -> int:
        return int(self._get("/overview")["taskmanagers"])

    def jobs(self) -> dict[str, str]:
        """Job id -> state, e.g. RUNNING."""
        return {job["id"]: job["status"] for job in self._get("/jobs")["jobs"]}

    def tasks_run(self, job_id: str) -> bool:
        vertices = self._get(f"/jobs/{job_id}")["vertices"]
        return all(vertex["status"] == "RUNNING" for vertex in vertices)

    def completed_checkpoints(self, job_id: str) -> int:
        return int(self._get(f"/jobs/{job_id}/checkpoints")["counts"]["completed"])

    def checkpoints(self, job_id: str) -> dict[int, Checkpoint]:
        """The newest completed ones by number; Flink remembers ten."""
        return {
            each["id"]: Checkpoint(
                began_ms=each["trigger_timestamp"],
                ended_ms=each["trigger_timestamp"] + each["end_to_end_duration"],
            )
            for each in self._get(f"/jobs/{job_id}/checkpoints")["history"]
            if each["status"] == "COMPLETED"
        }

    def checkpointed_bytes(self, job_id: str) -> int:
        """The size of the newest completed checkpoint, shared files included."""
        latest = self._get(f"/jobs/{job_id}/checkpoints")["latest"]["completed"]
        return int(latest["state_size"]) if latest else 0

    def counters(self, job_id: str, names: Sequence[str]) -> dict[str, int]:
        """Our own counters by name, summed over subtasks; 0 for one that nobody told of yet."""
        found = dict.fromkeys(names, 0)
        for vertex in self._get(f"/jobs/{job_id}")["vertices"]:
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
            ids = [each["id"] for each in self._get(path)]
            ours = [each for each in ids if each.rsplit(".", 1)[-1] in names]
            for metric in self._get(f"{path}?get={','.join(ours)}&agg=sum") if ours else []:
                found[metric["id"].rsplit(".", 1)[-1]] += int(metric["sum"])
        return found

    def last_exception(self, job_id: str) -> str | None:
        entries = self._get(f"/jobs/{job_id}/exceptions")["exceptionHistory"]["entries"]
        return str(entries[0]["stacktrace"]) if entries else None

    def cancel(self, job_id: str) -> None:
        self._call(urllib.request.Request(f"{self.url}/jobs/{job_id}", method="PATCH"))  # noqa: S310 - always loopback http

    def _get(self, path: str) -> Any:
        return self._call(urllib.request.Request(self.url + path))  # noqa: S310 - always loopback http

    def _call(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310 - always loopback http
                body = reply.read()
        except (OSError, urllib.error.URLError) as problem:
            raise FlinkUnavailable(f"Flink at {self.url} does not answer: {problem}") from problem
        return json.loads(body) if body else None
