"""What an analyst sees: nothing. A rider takes a usual ride, on their own phone and card, and weeks later
tells the bank that they do not recognise the charge. Only past disputes speak against a few of them.
"""

from random import Random

from data_generator.acts import Story
from data_generator.honest.regular import usual_payer, usual_way
from data_generator.outcomes import HONEST_REFUSED, NOT_RECOGNISED_REASON
from data_generator.payments import Truth
from data_generator.population import Rider
from data_generator.rides import ride
from data_generator.world import World

NAME = "friendly_fraud"
HABITUAL, HABITUAL_EVERY = 0.4, 400  # of the disputes, and of the riders
TRUTH = Truth(fraud=NAME, refused=HONEST_REFUSED, reason=NOT_RECOGNISED_REASON, own_card=True)


def friendly_fraud(world: World, rng: Random, rider: Rider, pay_at_ms: int) -> Story:
    if rng.random() < HABITUAL:
        rider = world.city.rider(rider.index - rider.index % HABITUAL_EVERY)
    payer, trip = usual_payer(world, rng, rider), usual_way(world, rng, rider, pay_at_ms)
    yield from ride(world, rng, payer=payer, trip=trip, pay_at_ms=pay_at_ms, truth=TRUTH)
