"""Where a zone lies, whichever scenario it is part of."""

from data_generator.city import PLACES, Zone
from data_generator.scenarios.new_city import place_there
from data_generator.scenarios.surge import GROUNDS

_HERE = PLACES | {ground.zone_id: ground for ground in GROUNDS}


def place_of(zone_id: str) -> Zone:
    """Raises KeyError for a zone of no city."""
    place = _HERE.get(zone_id) or place_there(zone_id)
    if place is None:
        raise KeyError(zone_id)
    return place
