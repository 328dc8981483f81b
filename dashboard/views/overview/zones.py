"""Where fraud money began its ride: circles on a plain map, without tiles from elsewhere."""

from collections.abc import Iterable
from math import cos, log2, radians, sqrt
from typing import Any

import pydeck as pdk
from msgspec import Struct

from dashboard.palette import Palette, rgb
from dashboard.views.overview.readings import ZonePlace, ZoneRow
from domain.display import count
from domain.money import format_money

METRES_PER_DEGREE = 111_320
SMALLEST, LARGEST = 0.12, 0.62  # of the distance between neighbouring zones
WIDTH_PX, HEIGHT_PX = 520, 300


class Circle(Struct, frozen=True, kw_only=True):
    """`size` is of the largest, 0 to 1, by area."""

    zone: str
    lat: float
    lon: float
    size: float
    tip: str


def circles(rows: Iterable[ZoneRow], places: Iterable[ZonePlace]) -> list[Circle]:
    """Zones that some payment told the place of, the largest first; the others are left out."""
    where = {place.zone: place for place in places}
    placed = sorted((row for row in rows if row.zone in where), key=lambda row: -row.fraud_minor)
    most = max((row.fraud_minor for row in placed), default=0.0)
    return [
        Circle(
            zone=row.zone,
            lat=where[row.zone].lat,
            lon=where[row.zone].lon,
            size=sqrt(row.fraud_minor / most) if most else 0.0,
            tip=f"{row.zone}: {count(row.alerts)} alerts, {format_money(round(row.fraud_minor))} of fraud",
        )
        for row in placed
    ]


def deck(of: list[Circle], places: list[ZonePlace], palette: Palette) -> pdk.Deck:
    """Every known zone is a faint point, so that the city can be made out."""
    step = _step_m(places)
    points = [{"at": [place.lon, place.lat], "tip": place.zone} for place in places]
    data = [
        {
            "at": [circle.lon, circle.lat],
            "radius": step * (SMALLEST + (LARGEST - SMALLEST) * circle.size),
            "tip": circle.tip,
        }
        for circle in of
    ]
    return pdk.Deck(
        map_provider=None,
        initial_view_state=_view(places),
        layers=[
            _layer("zones", points, [*rgb(palette.soft), 90], radius=step * 0.05),
            _layer("fraud", data, [*rgb(palette.accent), 165], radius="radius"),
        ],
        tooltip={"text": "{tip}"},
    )


def _layer(name: str, data: list[dict[str, Any]], colour: list[int], *, radius: float | str) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        id=name,
        data=data,
        get_position="at",
        get_radius=radius,
        radius_min_pixels=2,
        get_fill_color=colour,
        pickable=True,
    )


def _step_m(places: list[ZonePlace]) -> float:
    """About how far neighbouring zones are apart."""
    height, width = _extent_m(places)
    return max(200.0, sqrt(max(height, 1.0) * max(width, 1.0) / max(1, len(places))))


def _extent_m(places: list[ZonePlace]) -> tuple[float, float]:
    lats, lons = [place.lat for place in places], [place.lon for place in places]
    height = (max(lats) - min(lats)) * METRES_PER_DEGREE
    return height, (max(lons) - min(lons)) * METRES_PER_DEGREE * cos(radians(sum(lats) / len(lats)))


def _view(places: list[ZonePlace]) -> pdk.ViewState:
    lats, lons = [place.lat for place in places], [place.lon for place in places]
    middle = (max(lats) + min(lats)) / 2
    height, width = _extent_m(places)
    wanted = max(height / HEIGHT_PX, width / WIDTH_PX, 1.0) * 1.3  # metres a pixel
    zoom = log2(METRES_PER_DEGREE * 360 * cos(radians(middle)) / 512 / wanted)
    return pdk.ViewState(latitude=middle, longitude=(max(lons) + min(lons)) / 2, zoom=min(14.0, zoom))
