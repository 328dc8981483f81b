"""The past of the city, told at once: the same stories as live ones, decided by the system of those days."""

from collections.abc import Iterator

from msgspec import Struct

from data_generator.acts import Answer, Pay, Publish, Report, Wait
from data_generator.agenda import Agenda
from data_generator.belongings import Belongings
from data_generator.old_rules import OldRules
from data_generator.openings import history_openings
from data_generator.people import Payer, account_created, card_added
from data_generator.population import City
from data_generator.world import World, past_world
from domain.decision import Rung, Verdict
from domain.display import DAY_MS
from domain.events import Event, PaymentDecided, PaymentOutcome, from_ms
from domain.topics import DECISIONS, LABELS, RIDES, Topic

RUN = "history"
OLD_SYSTEM = "approval-api"  # the producer of decisions and outcomes, then as now


class SimulatedEvent(Struct, frozen=True):
    """`fraud` names the pattern behind a fraudulent payment, `scenario` the rare day or the cold start it is
    part of; both are the truth and never serialised."""

    topic: Topic
    event: Event
    fraud: str | None = None
    scenario: str | None = None


def generate_history(  # noqa: PLR0917 - five numbers that say how much, and what is left out of it
    seed: int,
    riders: int,
    days: float,
    payments: int,
    end_ms: int,
    without: frozenset[str] = frozenset(),
) -> Iterator[SimulatedEvent]:
    """Events of `days` days up to `end_ms` (milliseconds since the epoch), ordered by event time.

    About `payments` payments; every account and its cards are told of in the first seconds. Attacks named
    in `without` never happen; an unknown name raises mix.AttackUnknown.
    """
    city = City(seed, riders)
    start_ms = end_ms - int(days * DAY_MS)
    world = past_world(city, Belongings(seed, RUN), RUN)
    yield from accounts_told(world, start_ms)
    agenda = Agenda()
    for opening in history_openings(city, payments, start_ms, end_ms, without):
        agenda.resume(opening.story(world))
    yield from told(world, agenda, end_ms - 1)


def accounts_told(world: World, start_ms: int) -> Iterator[SimulatedEvent]:
    """Every account of the city and its cards, in the first seconds after `start_ms`."""
    for index in range(world.city.riders):
        rider = world.city.rider(index)
        at_ms = start_ms + index
        created = account_created(
            world,
            user_id=rider.user_id,
            device_id=rider.device_id,
            home=rider.home,
            rating_centi=rider.rating_centi,
            at_ms=at_ms,
            created_ms=start_ms - rider.account_age_ms,
        )
        yield SimulatedEvent(RIDES, created.event)
        for card_id in rider.card_ids:
            payer = Payer(user_id=rider.user_id, device_id=rider.device_id, card_id=card_id)
            yield SimulatedEvent(
                RIDES, card_added(world, payer, bin_country=rider.bin_country, at_ms=at_ms).event
            )


def told(world: World, agenda: Agenda, until_ms: int) -> Iterator[SimulatedEvent]:
    """What happens in the stories of `agenda` up to `until_ms`, decided by the old rules."""
    rule = OldRules()
    while taken := agenda.take(until_ms):
        story, act = taken
        answer = None
        match act:
            case Pay():
                verdict = rule.decide(act.transaction.card_id, act.transaction.amount_minor, act.at_ms)
                answer = Answer(at_ms=act.at_ms, verdict=verdict)
                yield SimulatedEvent(DECISIONS, _decided(world, act, verdict), act.fraud, act.scenario)
            case Publish():
                yield SimulatedEvent(RIDES, act.event)
            case Report():
                yield SimulatedEvent(LABELS, _outcome(world, act))
            case Wait():
                pass
        agenda.resume(story, answer)


def _decided(world: World, act: Pay, verdict: Verdict) -> PaymentDecided:
    asked = act.transaction
    return PaymentDecided(
        id=asked.transaction_id,
        event_time=from_ms(act.at_ms),
        producer=OLD_SYSTEM,
        decision_id=world.ids.new("dec"),
        transaction_id=asked.transaction_id,
        ride_id=asked.ride_id,
        user_id=asked.user_id,
        card_id=asked.card_id,
        device_id=asked.device_id,
        driver_id=asked.driver_id,
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        pickup_zone=asked.pickup_zone,
        dropoff_zone=asked.dropoff_zone,
        pickup_lat=asked.pickup_lat,
        pickup_lon=asked.pickup_lon,
        distance_m=asked.distance_m,
        verdict=verdict,
        rung=Rung.R2,
        promo_id=asked.promo_id,
    )


def _outcome(world: World, act: Report) -> PaymentOutcome:
    paid = act.transaction
    return PaymentOutcome(
        id=world.ids.new("evt"),
        event_time=from_ms(act.at_ms),
        producer=OLD_SYSTEM,
        transaction_id=paid.transaction_id,
        user_id=paid.user_id,
        card_id=paid.card_id,
        amount_minor=paid.amount_minor,
        currency=paid.currency,
        outcome=act.outcome,
        occurred_at=from_ms(act.at_ms),
        reason_code=act.reason_code,
        device_id=paid.device_id,
        pickup_zone=paid.pickup_zone,
    )
