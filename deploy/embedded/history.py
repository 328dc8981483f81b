"""The first start's past: simulated history through Kafka, and the first champion, which learned from it."""

from dataclasses import asdict, dataclass

from data_generator.population import DEFAULT_RIDERS
from deploy.embedded.children import last_words
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, read_json, write_json
from deploy.embedded.services import Services
from deploy.embedded.supervisor import Supervisor

TIMEOUT_S = 1800.0


@dataclass(frozen=True, kw_only=True)
class HistorySize:
    payments: int = 30_000
    riders: int = DEFAULT_RIDERS
    days: int = 30
    seed: int = 7
    without: tuple[str, ...] = ()  # attacks that this past does not know


@dataclass(frozen=True, kw_only=True)
class Told:
    """Which past this home has and whether all of it was told; the simulator goes on from it."""

    size: HistorySize
    end_ms: int
    done: bool = False

    @classmethod
    def read(cls, home: Home) -> "Told | None":
        content = read_json(home.history)
        if not content:
            return None
        size = content["size"]
        known = HistorySize(**size | {"without": tuple(size.get("without", ()))})
        return cls(**content | {"size": known})

    def write(self, home: Home) -> None:
        write_json(home.history, asdict(self))


@dataclass(frozen=True, kw_only=True)
class History:
    home: Home
    services: Services
    supervisor: Supervisor

    def make(self, size: HistorySize) -> None:
        """Tells the past to Kafka and keeps the training set that the same events give; once a home."""
        told = Told.read(self.home)
        if not (told and told.done):
            numbers = (size.seed, size.riders, size.days, size.payments)
            self._run("history", *map(str, numbers), *size.without)

    def train(self) -> None:
        """Sees to it that the registry has a champion."""
        if not self.services.has_champion():
            self._run("train", **self.services.model_key)

    def _run(self, what: str, *arguments: str, **env: str) -> None:
        name = f"bootstrap-{what}"
        module = ("-m", "deploy.embedded.bootstrap")
        launch = self.services.python(name, *module, what, *arguments, role="faregate_learner", **env)
        if self.supervisor.run_once(launch, TIMEOUT_S) != 0:
            raise StackError(f"The first start's {what} failed. {launch.log} ends: {last_words(launch.log)}")
