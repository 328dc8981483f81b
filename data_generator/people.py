"""Who pays, and what an account does besides riding: it is created, changed, and used on new devices."""

from dataclasses import dataclass

from data_generator.acts import Publish
from data_generator.city import Zone
from data_generator.promotions import SELDOM_SHARE
from data_generator.world import APP, World
from domain.events import AccountCreated, CardAdded, CardRemoved, DeviceLogin, ProfileChanged, from_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Payer:
    """`promo_share` is how likely the next payment uses a promotion."""

    user_id: str
    device_id: str
    card_id: str
    promo_share: float = SELDOM_SHARE


def account_created(
    world: World, *, user_id: str, device_id: str, home: Zone, rating_centi: int, at_ms: int, created_ms: int
) -> Publish:
    """`created_ms` may lie years before `at_ms`, when the account's existence is told."""
    event = AccountCreated(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        user_id=user_id,
        device_id=device_id,
        home_zone=home.zone_id,
        rating_centi=rating_centi,
        valid_from=from_ms(created_ms),
    )
    return Publish(at_ms=at_ms, event=event)


def profile_changed(
    world: World, *, user_id: str, home: Zone, rating_centi: int, contact_changed: bool, at_ms: int
) -> Publish:
    event = ProfileChanged(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        user_id=user_id,
        home_zone=home.zone_id,
        rating_centi=rating_centi,
        contact_changed=contact_changed,
        valid_from=from_ms(at_ms),
    )
    return Publish(at_ms=at_ms, event=event)


def logged_in(world: World, *, user_id: str, device_id: str, new_device: bool, at_ms: int) -> Publish:
    event = DeviceLogin(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        user_id=user_id,
        device_id=device_id,
        new_device=new_device,
    )
    return Publish(at_ms=at_ms, event=event)


def card_added(world: World, payer: Payer, *, bin_country: str, at_ms: int) -> Publish:
    event = CardAdded(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        user_id=payer.user_id,
        card_id=payer.card_id,
        device_id=payer.device_id,
        bin_country=bin_country,
    )
    return Publish(at_ms=at_ms, event=event)


def card_removed(world: World, *, user_id: str, card_id: str, at_ms: int) -> Publish:
    event = CardRemoved(
        id=world.ids.new("evt"), event_time=from_ms(at_ms), producer=APP, user_id=user_id, card_id=card_id
    )
    return Publish(at_ms=at_ms, event=event)
