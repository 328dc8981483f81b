"""Models and their moves, written for people."""

import json
from collections.abc import Sequence

from msgspec import to_builtins
from rich.console import Console
from rich.table import Table

from domain.models import ModelState
from scoring.registry import Move, RegisteredModel

HEADINGS = ("model", "state", "kind", "average precision", "data until", "registered", "by")
PRECISION = ("ap", "pr_auc")  # under either name


def print_models(models: Sequence[RegisteredModel]) -> None:
    console = Console()
    if not models:
        console.print("There are no models yet: `faregate up` or `faregate train` makes one.")
        return
    table = Table(*HEADINGS, box=None)
    for model in models:
        table.add_row(*_row(model), style="bold" if model.state is ModelState.CHAMPION else None)
    console.print(table)


def print_models_json(models: Sequence[RegisteredModel]) -> None:
    print(json.dumps(to_builtins(models)))


def print_model(model: RegisteredModel, moves: Sequence[Move]) -> None:
    console = Console()
    for name, value in (
        ("model", model.version),
        ("state", _state(model)),
        ("kind", _kind(model)),
        ("data", f"{model.data_from:%Y-%m-%d %H:%M} to {model.data_until:%Y-%m-%d %H:%M}"),
        ("code", model.code_version),
        ("registered", f"{model.registered_at:%Y-%m-%d %H:%M} by {model.registered_by}"),
        *((name, f"{value:.6g}") for name, value in sorted(model.metrics.items())),
    ):
        console.print(f"{name:<22}{value}", highlight=False, markup=False)
    table = Table("at", "from", "to", "active from", "by", "why")
    for move in moves:
        after = f"{move.to_state} {move.share:.0%}" if move.share else str(move.to_state)
        table.add_row(
            f"{move.moved_at:%Y-%m-%d %H:%M:%S}", move.from_state or "-", after,
            f"{move.active_from:%H:%M:%S.%f}"[:-3], move.moved_by, move.why,
        )  # fmt: skip
    console.print(table)


def _row(model: RegisteredModel) -> tuple[str, ...]:
    precision = next((f"{model.metrics[name]:.3f}" for name in PRECISION if name in model.metrics), "-")
    times = (f"{moment:%Y-%m-%d %H:%M}" for moment in (model.data_until, model.registered_at))
    return model.version, _state(model), _kind(model), precision, *times, model.registered_by


def _state(model: RegisteredModel) -> str:
    return f"{model.state} {model.share:.0%}" if model.share else str(model.state)


def _kind(model: RegisteredModel) -> str:
    return f"recent, on {model.base_version}" if model.base_version else model.kind
