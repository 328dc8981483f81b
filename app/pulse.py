"""Keeps the platform's pulse: the sum of all zones, read now and then and used while it is young."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from hashlib import sha256

from msgspec import json

from app.letters import in_letters
from app.ports import FeatureReader, FeaturesUnreadable, KnownPulse
from domain.history import History
from domain.platform import pulse_of

EVERY_S = 5.0
USABLE_S = 30.0
log = logging.getLogger("faregate.pulse")


class PulseKeeper:
    """`monotonic` is in seconds, `now_ms` in milliseconds since the epoch."""

    def __init__(
        self, reader: FeatureReader, *, now_ms: Callable[[], int], monotonic: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._pulse: KnownPulse | None = None
        self._felt_at = 0.0

    def current(self) -> KnownPulse | None:
        """None when no zone was ever heard of, or none could be read for USABLE_S seconds."""
        if self._pulse and self._monotonic() - self._felt_at < USABLE_S:
            return self._pulse
        return None

    async def feel(self) -> None:
        """Read all zones and sum them up; if they cannot be read, the last pulse grows old."""
        began = self._monotonic()
        try:
            zones = await self._reader.zones()
        except FeaturesUnreadable as error:
            log.warning("the zones were not read, the last pulse grows old: %s", error)
            return
        self._pulse = known_pulse(zones, self._now_ms()) if zones else None
        self._felt_at = began

    async def serve(self) -> None:
        """Keep the pulse young until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.feel()


def known_pulse(zones: Mapping[str, History], at_ms: int) -> KnownPulse:
    """Equal zones have equal ids, in every process.

    Positions are part of the id: a job that begins again from a checkpoint may come to the same version of a
    zone by other events.
    """
    told = {zone: (zones[zone].epoch, zones[zone].version, zones[zone].positions) for zone in sorted(zones)}
    name = in_letters(sha256(json.encode(told)).hexdigest()[:20])
    return KnownPulse(id=f"pulse_{name}", pulse=pulse_of(zones.values(), at_ms), zones=told)
