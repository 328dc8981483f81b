"""The first start's past: simulated history through Kafka, and the model that learns from it."""

from dataclasses import dataclass

from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, read_json
from deploy.embedded.services import Services
from deploy.embedded.supervisor import Supervisor

TIMEOUT_S = 1800.0


@dataclass(frozen=True, kw_only=True)
class HistorySize:
    payments: int = 12_000
    riders: int = 1_500
    days: int = 30
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class History:
    home: Home
    services: Services
    supervisor: Supervisor

    @property
    def _told(self) -> bool:
        return bool(read_json(self.home.history).get("told"))

    def make(self, size: HistorySize) -> None:
        """Tells the past to Kafka and keeps the training set that the same events give; once a home."""
        if self._told:
            return
        self._run("history", str(size.seed), str(size.riders), str(size.days), str(size.payments))

    def train(self) -> None:
        if not (self.home.model / "signature.json").exists():
            self._run("train")

    def _run(self, what: str, *arguments: str) -> None:
        name = f"bootstrap-{what}"
        launch = self.services.python(
            name, "-m", "deploy.embedded.bootstrap", what, *arguments, role="faregate_learner"
        )
        if self.supervisor.run_once(launch, TIMEOUT_S) != 0:
            raise StackError(f"The first start's {what} failed; logs/{name}.log says why.")
