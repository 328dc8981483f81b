"""Case after case of the small city, counted."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct, json
from small_city import City

ACTIONS = st.lists(st.integers(0, 2**48 - 1), min_size=40, max_size=80)


class Totals(Struct):
    cases: int = 0
    transactions: int = 0
    differences: int = 0
    situations: Counter[str] = Counter()

    def add(self, city: City) -> None:
        self.cases += 1
        self.transactions += len(city.readings)
        self.differences += len(city.differences)
        self.situations = self.situations + city.seen

    def line(self) -> str:
        return json.encode(self, order="sorted").decode()


def prove(cases: int, *, derandomize: bool = False) -> Totals:
    """Raises AssertionError with the smallest case that Hypothesis finds, if the four differ anywhere."""
    totals = Totals()

    @settings(
        max_examples=cases,
        derandomize=derandomize,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(ACTIONS)
    def one_case(actions: Sequence[int]) -> None:
        city = lived(actions)
        totals.add(city)
        assert not city.differences, "\n".join(city.differences)

    one_case()
    return totals


def lived(actions: Sequence[int]) -> City:
    city = City()
    city.live(actions)
    return city
