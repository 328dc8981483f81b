"""What a rider holds right now: the phone and the cards, which change as life goes on."""

from collections import Counter

from data_generator.identity import token
from data_generator.population import Rider

MAX_CARDS = 2


class Belongings:
    """Phones and cards by rider; what is acquired in one run never has the id of another run's."""

    def __init__(self, seed: int, run: str) -> None:
        self._seed = seed
        self._run = run
        self._device: dict[int, str] = {}
        self._cards: dict[int, tuple[str, ...]] = {}
        self._acquired: Counter[tuple[str, int]] = Counter()

    def enter_run(self, run: str) -> None:
        """Keep everything; name what comes from now on after another run."""
        self._run = run
        self._acquired.clear()

    def device_of(self, rider: Rider) -> str:
        return self._device.get(rider.index, rider.device_id)

    def cards_of(self, rider: Rider) -> tuple[str, ...]:
        return self._cards.get(rider.index, rider.card_ids)

    def new_device(self, rider: Rider) -> str:
        self._device[rider.index] = self._acquire("dev", rider)
        return self._device[rider.index]

    def new_card(self, rider: Rider) -> tuple[str, str | None]:
        """A card that becomes the first choice, and the one that had to make room for it."""
        card_id = self._acquire("card", rider)
        kept = (card_id, *self.cards_of(rider))
        self._cards[rider.index] = kept[:MAX_CARDS]
        return card_id, kept[MAX_CARDS] if len(kept) > MAX_CARDS else None

    def _acquire(self, prefix: str, rider: Rider) -> str:
        self._acquired[prefix, rider.index] += 1
        return token(prefix, self._seed, self._run, rider.index, self._acquired[prefix, rider.index])
