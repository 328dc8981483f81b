"""The way as a map without tiles: nothing is fetched from anywhere."""

from collections.abc import Mapping, Sequence
from math import cos, log2, radians
from typing import Any

import pydeck

from dashboard.views.case.readings import Point
from dashboard.views.case.trip import Extent, Way, extent

WIDTH_PX, HEIGHT_PX = 380, 210
EQUATOR_KM = 40_075.0
TILE_PX = 512  # of deck.gl at zoom 0
FONT = "Source Sans, sans-serif"
Colour = tuple[int, int, int, int]
# As in style.css: accent, soft, watch.
LIGHT: Mapping[str, Colour] = {
    "ride": (13, 106, 111, 255), "zone": (92, 106, 114, 40), "name": (92, 106, 114, 190),
    "leg": (92, 106, 114, 220), "fast": (168, 106, 0, 255), "text": (27, 38, 44, 255),
}  # fmt: skip
DARK: Mapping[str, Colour] = {
    "ride": (98, 191, 192, 255), "zone": (148, 163, 171, 38), "name": (148, 163, 171, 190),
    "leg": (148, 163, 171, 220), "fast": (226, 172, 77, 255), "text": (228, 234, 237, 255),
}  # fmt: skip


def deck(of: Way, zones: Sequence[Point], *, dark: bool) -> pydeck.Deck:
    colours = DARK if dark else LIGHT
    ends = [of.trip.pickup, of.trip.dropoff, *([of.leg.start] if of.leg else [])]
    view = extent(ends)
    return pydeck.Deck(
        layers=[*_grid(zones, colours), *_legs(of, colours), *_ends(of, colours)],
        initial_view_state=pydeck.ViewState(latitude=view.lat, longitude=view.lon, zoom=_zoom(view)),
        map_provider=None,
        tooltip={"text": "{name}"},
    )


def _zoom(view: Extent) -> float:
    """So that all of it is seen, with room around for the names."""
    pixels_a_km = min(0.75 * WIDTH_PX / view.wide_km, 0.65 * HEIGHT_PX / view.high_km)
    return log2(EQUATOR_KM * cos(radians(view.lat)) * pixels_a_km / TILE_PX)


def _grid(zones: Sequence[Point], colours: Mapping[str, Colour]) -> list[pydeck.Layer]:
    rows = [{"at": [zone.lon, zone.lat], "name": zone.zone.removeprefix("zone_")} for zone in zones]
    return [
        _layer(
            "ScatterplotLayer", rows, get_radius=900, radius_max_pixels=20, get_fill_color=colours["zone"]
        ),
        _text(rows, get_size=10, get_color=colours["name"]),
    ]


def _legs(of: Way, colours: Mapping[str, Colour]) -> list[pydeck.Layer]:
    trip = of.trip
    lines = [_line(trip.pickup, trip.dropoff, colours["ride"], 3, f"{trip.distance_m / 1000:.1f} km")]
    if of.leg:
        colour = colours["fast" if of.leg.is_fast else "leg"]
        lines.insert(0, _line(of.leg.start, trip.pickup, colour, 2, f"{of.leg.kmh:,.0f} km/h"))
    return [
        _layer(
            "LineLayer", lines, get_source_position="from", get_target_position="to",
            get_color="colour", get_width="width",
        )
    ]  # fmt: skip


def _ends(of: Way, colours: Mapping[str, Colour]) -> list[pydeck.Layer]:
    pickup, dropoff = of.trip.pickup, of.trip.dropoff
    ends = [
        _end(pickup, "pick-up", colours["ride"], is_above=pickup.lat >= dropoff.lat),
        _end(dropoff, "drop-off", colours["ride"], is_above=pickup.lat < dropoff.lat),
    ]
    if of.leg:
        start, colour = of.leg.start, colours["fast" if of.leg.is_fast else "leg"]
        ends.insert(0, _end(start, "last pick-up", colour, is_above=start.lat >= pickup.lat))
    return [
        _layer("ScatterplotLayer", ends, get_radius=1, radius_min_pixels=5, get_fill_color="colour"),
        _text(ends, get_size=12, get_color=colours["text"], get_pixel_offset="offset"),
    ]  # fmt: skip


def _line(start: Point, end: Point, colour: Colour, width: int, name: str) -> dict[str, Any]:
    return {
        "from": [start.lon, start.lat],
        "to": [end.lon, end.lat],
        "colour": list(colour),
        "width": width,
        "name": name,
    }


def _end(point: Point, name: str, colour: Colour, *, is_above: bool) -> dict[str, Any]:
    """`is_above`: the name stands above the point, away from the line."""
    offset = [0, -13 if is_above else 13]
    return {"at": [point.lon, point.lat], "name": name, "colour": list(colour), "offset": offset}


def _text(rows: list[dict[str, Any]], **options: Any) -> pydeck.Layer:
    font = {"font_family": pydeck.types.String(FONT), "character_set": pydeck.types.String("auto")}
    return _layer("TextLayer", rows, get_text="name", **font, **options)


def _layer(kind: str, rows: list[dict[str, Any]], **options: Any) -> pydeck.Layer:
    position = {} if "get_source_position" in options else {"get_position": "at"}
    return pydeck.Layer(kind, rows, pickable=kind != "TextLayer", **position, **options)
