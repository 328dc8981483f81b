"""One model from a folder, whatever the registry says: for tests, and for a release without a registry."""

import logging
from pathlib import Path

from app.models.in_service import NONE, InService
from app.scoring import ScoringProcess
from domain.errors import ModelRefused

log = logging.getLogger("faregate.models")


class PinnedModel:
    """As ModelKeeper, for one folder that never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scoring = ScoringProcess.of(folder)
        self._in_service = NONE
        self.refusal: str | None = None
        self.drift: dict[str, tuple[float | None, bool]] = {}

    def current(self) -> InService:
        return self._in_service

    @property
    def restarts(self) -> int:
        return self._scoring.restarts

    def folder_of(self, version: str) -> Path | None:
        champion = self._in_service.champion
        return self._folder if champion and champion.version == version else None

    async def feel(self) -> None:
        try:
            await self._scoring.start(urgently=True)
        except ModelRefused as error:
            self.refusal = f"refused: {error}"
            log.warning("no model, deciding on rung R2: %s", error)
        else:
            self._in_service = InService(champion=self._scoring)
            log.info("model %s loaded, %s", self._scoring.version, self._scoring.kind)

    async def serve(self) -> None:
        """Nothing changes."""

    async def leave(self) -> None:
        """Nobody waits for this process."""

    def close(self) -> None:
        self._scoring.close()
