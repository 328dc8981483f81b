"""What Feast knows of Faregate: entities, views, where their values come from, and what a model reads.

The fields themselves are declared in domain; `feature_repo.views` says which value stands in which view.
"""

import os
from pathlib import Path
from typing import Any

from feast import Entity, FeatureService, FeatureView, Field, FileSource, Project, PushSource, ValueType
from feast.types import Array, Bool, Bytes, Int64, String

from domain.settings import required
from feature_repo import views
from feature_repo.archive_folder import ArchiveFolder

HOME = Path(required(os.environ, "FAREGATE_HOME", "which folder holds the archive of feature values"))
ARCHIVE = ArchiveFolder(HOME / "archive")
FEAST_TYPE = {
    int: Int64,
    bool: Bool,
    str: String,
    list[int]: Array(Int64),
    list[str]: Array(String),
    list[bytes]: Array(Bytes),
}


def _archive(view: views.View, description: str) -> FileSource:
    return FileSource(
        name=f"{view.name}_archive",
        path=str(ARCHIVE.of_view(view)),
        timestamp_field="event_timestamp",
        created_timestamp_column="created_timestamp",
        description=description,
    )


def _source(view: views.View) -> PushSource:
    archive = _archive(view, f"Snapshots of {view.name}, at most one an entity and minute.")
    return PushSource(name=f"{view.name}_push", batch_source=archive, description=view.description)


def _view(view: views.View, entity: Entity, source: PushSource) -> FeatureView:
    return FeatureView(
        source=source,
        tags={"topic": view.topic.name if view.topic else "all features topics"},
        **_described(view, entity),
    )


def _in_flight(view: views.View, entity: Entity) -> FeatureView:
    """Read from the API's own table; not `online` in Feast's sense, so nothing is materialized into it."""
    source = _archive(view, "Never written: what was in flight at a decision stands in the ledger.")
    return FeatureView(source=source, online=False, tags={"table": "inflight"}, **_described(view, entity))


def _described(view: views.View, entity: Entity) -> dict[str, Any]:
    fields = [
        Field(name=column.name, dtype=FEAST_TYPE[column.type], description=column.description)
        for column in view.columns
    ]
    return {
        "name": view.name,
        "entities": [entity],
        "schema": [Field(name=view.join_key, dtype=String), *fields],
        "description": view.description,
    }


faregate = Project(name="faregate", description="Real-time fraud decisions for ride payments")

card = Entity(name="card", join_keys=["card_id"], value_type=ValueType.STRING, description="A card token.")
user = Entity(
    name="user", join_keys=["user_id"], value_type=ValueType.STRING, description="A rider's account."
)
device = Entity(name="device", join_keys=["device_id"], value_type=ValueType.STRING, description="A phone.")
zone = Entity(
    name="zone", join_keys=["zone_id"], value_type=ValueType.STRING, description="Where rides begin."
)
pipeline = Entity(
    name="pipeline",
    join_keys=["pipeline"],
    value_type=ValueType.STRING,
    description="The stream itself; its one value is 'features'.",
)

card_history_push = _source(views.CARD)
user_history_push = _source(views.USER)
device_history_push = _source(views.DEVICE)
zone_history_push = _source(views.ZONE)
user_profile_push = _source(views.PROFILE)
user_ring_push = _source(views.RING)
pipeline_watermark_push = _source(views.WATERMARK)

card_history = _view(views.CARD, card, card_history_push)
user_history = _view(views.USER, user, user_history_push)
device_history = _view(views.DEVICE, device, device_history_push)
zone_history = _view(views.ZONE, zone, zone_history_push)
user_profile = _view(views.PROFILE, user, user_profile_push)
user_ring = _view(views.RING, user, user_ring_push)
pipeline_watermark = _view(views.WATERMARK, pipeline, pipeline_watermark_push)
card_in_flight = _in_flight(views.CARD_IN_FLIGHT, card)
user_in_flight = _in_flight(views.USER_IN_FLIGHT, user)
device_in_flight = _in_flight(views.DEVICE_IN_FLIGHT, device)

transaction_scoring_v1 = FeatureService(
    name="transaction_scoring_v1",
    features=[
        card_history,
        user_history,
        device_history,
        zone_history,
        user_profile,
        user_ring,
        pipeline_watermark,
        card_in_flight,
        user_in_flight,
        device_in_flight,
    ],
    description="Everything that a decision reads; ask for full feature names, views share some.",
)
