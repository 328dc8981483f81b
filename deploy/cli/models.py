"""`faregate model`: the models there are, and how people move them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.home import Home

if TYPE_CHECKING:
    from scoring.registry import Promotion, Registry

app = typer.Typer(name="model", help="Models; docs/models.md explains them.", no_args_is_help=True)

ROLE = "faregate_learner"
Version = Annotated[
    str, typer.Argument(metavar="MODEL", help="A version, mdl_…, or the first letters of one.")
]
Why = Annotated[str, typer.Option(help="Why, for those who ask later.")]
Wait = Annotated[float, typer.Option(help="Seconds that the API's processes have to prepare it.")]
WAIT_S = 30.0


@app.command("list")
def show_all(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Show every model and where it stands, the newest first."""
    from deploy.cli.models_view import print_models, print_models_json

    with _registry() as registry:
        (print_models_json if as_json else print_models)(registry.models())


@app.command()
def show(
    version: Version,
    report: Annotated[str, typer.Option(help="Write its report, an HTML file, here.")] = "",
) -> None:
    """Show a model, what it was measured at, and every move that it made."""
    from deploy.cli.models_view import print_model

    with _registry() as registry:
        model = registry.find(version)
        print_model(model, registry.moves(model.version))
        if report:
            _write_report(registry, model.version, Path(report))


@app.command()
def shadow(version: Version, why: Why = "") -> None:
    """Let a model score every payment after its reply, without effect."""
    with _registry() as registry:
        registry.shadow(version, by=_who(), why=why)
        _tell(registry, version)


@app.command()
def canary(
    version: Version,
    share: Annotated[float, typer.Option(help="Part of the riders it decides for, 0 to 1.")] = 0.05,
    why: Why = "",
    wait: Wait = WAIT_S,
) -> None:
    """Let a model decide for a share of the riders."""
    with _registry() as registry:
        registry.canary(version, share, by=_who(), why=why, wait_s=wait)
        _tell(registry, version)


@app.command()
def promote(version: Version, why: Why = "", wait: Wait = WAIT_S) -> None:
    """Make a model champion in all processes at one instant; the champion until then stays in the shadow."""
    with _registry() as registry:
        _tell_promotion(registry.promote(version, by=_who(), why=why, wait_s=wait))


@app.command()
def rollback(why: Why = "", wait: Wait = WAIT_S) -> None:
    """Make the former champion champion again, and retire the one that failed."""
    with _registry() as registry:
        _tell_promotion(registry.rollback(by=_who(), why=why, wait_s=wait))


@app.command()
def retire(version: Version, why: Why = "") -> None:
    """Take a model out of use; it is kept and may come back."""
    with _registry() as registry:
        registry.retire(version, by=_who(), why=why)
        _tell(registry, version)


def _write_report(registry: "Registry", version: str, file: Path) -> None:
    text = registry.report_of(version)
    if text is None:
        print(f"{version} was registered without a report.", file=sys.stderr)
    else:
        file.write_text(text, "utf-8")
        print(f"Its report is in {file}.", file=sys.stderr)


def _tell(registry: "Registry", version: str) -> None:
    model = registry.find(version)
    share = f" for {model.share:.0%} of riders" if model.share else ""
    print(f"{model.version} is {model.state}{share}.", file=sys.stderr)


def _tell_promotion(promotion: "Promotion") -> None:
    from domain.display import timestamp

    ready = ", ".join(promotion.processes) or "no process of the API runs"
    print(
        f"{promotion.version} decides from {timestamp(promotion.active_from_ms)} on (ready: {ready}); before "
        f"it: {promotion.former or 'none'}.",
        file=sys.stderr,
    )


@contextmanager
def _registry() -> "Iterator[Registry]":
    from deploy.cli.database import connect
    from scoring.registry import Registry

    with connect(Home.from_env(os.environ), os.environ, ROLE) as connection:
        yield Registry(connection)


def _who() -> str:
    from deploy.cli.who import who

    return who(os.environ)
