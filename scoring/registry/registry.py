"""Models kept in PostgreSQL and moved from state to state; each move is a row, and is told to the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from msgspec import Struct, convert
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.errors import ModelRefused
from domain.models import CHANNEL, ModelState, may_move
from scoring.queries import queries_of
from scoring.registry import artefact
from scoring.registry.artefact import Artefact
from scoring.registry.code_version import code_version
from scoring.registry.errors import ModelUnknown, MoveRefused
from scoring.registry.line import line_of
from scoring.registry.model import Kind, Move, Promotion, RegisteredModel
from scoring.registry.preparation import prepared

SWITCH_AFTER_S = 0.5  # long enough for every process to hear of it
WAIT_S = 30.0
PREFIX = "mdl_"
Record = TypeVar("Record", bound=Struct)
Moving = Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
query = queries_of(__file__)


class Registry:
    """`connection` commits by itself, as learner or owner. Methods raise MoveRefused, ModelUnknown and
    psycopg's errors, and leave nothing half done.

    A promotion moves models within a transaction of `moving`, if given: whoever gives it may add to the
    transaction, or refuse by raising; nothing has moved then.
    """

    def __init__(self, connection: psycopg.Connection[Any], moving: Moving | None = None) -> None:
        self.connection = connection
        self._moving = moving

    def register(
        self,
        folder: Path,
        *,
        kind: Kind,
        base_version: str | None,
        by: str,
        why: str,
        report: str | None = None,
    ) -> RegisteredModel:
        """Keep a model folder as a candidate; a version that is known stays as it is. Raises ModelRefused."""
        if (kind == "recent") != (base_version is not None):
            raise MoveRefused("A recent model names the offline model under it, an offline model names none.")
        if base_version:
            self.find(base_version)
        kept = artefact.read(folder)
        version = kept.signature.version
        row = _columns(kept) | {"kind": kind, "base_version": base_version, "by": by, "report": report}
        with self.connection.transaction():
            if self._rows("register", row):
                for name, content in kept.files.items():
                    self._do("keep_file", {"version": version, "name": name, "content": content})
                self._move(version, None, ModelState.CANDIDATE, by=by, why=why, active_from=self._instant())
        return self.find(version)

    def models(self) -> list[RegisteredModel]:
        """The newest first."""
        return self._records("models", RegisteredModel)

    def find(self, version: str) -> RegisteredModel:
        """By version or an unambiguous beginning of it, with or without `mdl_`."""
        found = [model for model in self.models() if _begins(model.version, version)]
        if not found:
            raise ModelUnknown(f"There is no model {version}. `faregate model list` shows all.")
        exact = [model for model in found if model.version == version]
        if len(found) > 1 and not exact:
            several = ", ".join(model.version for model in found[:5])
            raise ModelUnknown(f"{version} may be {several}: give more of its letters.")
        return (exact or found)[0]

    def in_state(self, state: ModelState) -> list[RegisteredModel]:
        return [model for model in self.models() if model.state is state]

    def champion(self) -> RegisteredModel | None:
        return next(iter(self.in_state(ModelState.CHAMPION)), None)

    def former_champion(self) -> RegisteredModel | None:
        """Who a rollback goes back to. After a rollback: who was champion before that one."""
        line = self._line()
        return self.find(line[-2]) if len(line) > 1 else None

    def moves(self, version: str | None = None) -> list[Move]:
        """Of one model or of all, the newest first."""
        return self._records("moves", Move, version=version)

    def report_of(self, version: str) -> str | None:
        """The HTML of its training report, if it was registered with one."""
        report: str | None = self._rows("report", {"version": self.find(version).version})[0]["report"]
        return report

    def folder_of(self, version: str, parent: Path) -> Path:
        """The model's folder in `parent`, written whole or not at all unless it is there already.

        Raises ModelRefused where the registry's files are not those that were signed.
        """
        version = self.find(version).version
        folder = parent / version
        if not _is_whole(folder, version):
            artefact.write(self._artefact(version), folder)
        return folder

    def shadow(self, version: str, *, by: str, why: str) -> None:
        self._place(version, ModelState.SHADOW, by=by, why=why)

    def retire(self, version: str, *, by: str, why: str) -> None:
        self._place(version, ModelState.RETIRED, by=by, why=why)

    def canary(self, version: str, share: float, *, by: str, why: str, wait_s: float = WAIT_S) -> None:
        """Let a model decide for a `share` of the riders, once every process of the API has it ready."""
        if not 0 < share < 1:
            raise MoveRefused(f"A canary decides for a share between 0 and 1 of the riders, not {share:g}.")
        model = self.find(version)
        _require(model, ModelState.CANARY, again=model.share != share)
        with prepared(self.connection, model.version, by=by, wait_s=wait_s), self.connection.transaction():
            self._do("lock")
            model = self.find(model.version)
            _require(model, ModelState.CANARY, again=model.share != share)
            self._require_room_for_canary(model)
            at = self._instant(SWITCH_AFTER_S)
            self._move(
                model.version, model.state, ModelState.CANARY, share=share, by=by, why=why, active_from=at
            )

    def promote(
        self, version: str, *, by: str, why: str, wait_s: float = WAIT_S, keep_shadow: bool = True
    ) -> Promotion:
        """Make a model champion at one instant everywhere, once every process of the API has it ready.

        The champion until then goes on in the shadow, or is retired. Raises PromotionRefused, which names the
        process that cannot serve the model and why; everything is then as it was.
        """
        return self._promote(version, by=by, why=why, wait_s=wait_s, keep_shadow=keep_shadow)

    def rollback(self, *, by: str, why: str, wait_s: float = WAIT_S) -> Promotion:
        """Make the former champion champion again; the one that failed is retired. As `promote`."""
        line = self._line()
        if len(line) < 2:
            raise MoveRefused("No model was champion before this one: promote one that you trust.")
        former, failed = line[-2:]
        return self._promote(former, instead_of=failed, by=by, why=why, wait_s=wait_s, keep_shadow=False)

    def _promote(
        self,
        version: str,
        *,
        by: str,
        why: str,
        wait_s: float,
        keep_shadow: bool,
        instead_of: str | None = None,
    ) -> Promotion:
        model = self.find(version)
        _require(model, ModelState.CHAMPION)
        with (
            prepared(self.connection, model.version, by=by, wait_s=wait_s) as processes,
            self._transaction() as mover,
        ):
            return mover._crown(
                model.version, processes, by=by, why=why, keep_shadow=keep_shadow, failed=instead_of
            )

    @contextmanager
    def _transaction(self) -> Iterator["Registry"]:
        if self._moving:
            with self._moving() as connection:
                yield Registry(connection)
        else:
            with self.connection.transaction():
                yield self

    def _crown(
        self,
        version: str,
        ready: tuple[str, ...],
        *,
        by: str,
        why: str,
        keep_shadow: bool,
        failed: str | None,
    ) -> Promotion:
        """Within a transaction, once the processes are ready."""
        self._do("lock")
        former, model = self.champion(), self.find(version)  # others may have moved them meanwhile
        _require(model, ModelState.CHAMPION)
        if failed and (former is None or former.version != failed):
            raise MoveRefused(f"{failed} is not the champion any more: another was promoted meanwhile.")
        at = self._instant(SWITCH_AFTER_S if ready else 0.0)
        self._move(model.version, model.state, ModelState.CHAMPION, by=by, why=why, active_from=at)
        if former:
            self._dethrone(former, model.version, by=by, at=at, keep_shadow=keep_shadow)
        return Promotion(
            version=model.version,
            former=former.version if former else None,
            active_from_ms=round(at.timestamp() * 1000),
            processes=ready,
        )

    def _place(self, version: str, state: ModelState, *, by: str, why: str) -> None:
        with self.connection.transaction():
            self._do("lock")
            model = self.find(version)
            _require(model, state)
            if model.state is ModelState.CHAMPION:
                raise MoveRefused(f"{model.version} is the champion: promote another, and it makes room.")
            self._move(model.version, model.state, state, by=by, why=why, active_from=self._instant())

    def _dethrone(
        self, former: RegisteredModel, by_version: str, *, by: str, at: datetime, keep_shadow: bool
    ) -> None:
        """One former champion in the shadow is enough: those before it are retired."""
        after = ModelState.SHADOW if keep_shadow else ModelState.RETIRED
        self._move(former.version, former.state, after, by=by, why=f"{by_version} took over", active_from=at)
        if keep_shadow:
            older = set(self._line()[:-2])
            for model in self.in_state(ModelState.SHADOW):
                if model.version in older:
                    why = f"{former.version} is the former champion now"
                    self._move(model.version, model.state, ModelState.RETIRED, by=by, why=why, active_from=at)

    def _require_room_for_canary(self, model: RegisteredModel) -> None:
        if self.champion() is None:
            raise MoveRefused("There is no champion to decide for the other riders: promote one first.")
        others = [other for other in self.in_state(ModelState.CANARY) if other.version != model.version]
        if others:
            raise MoveRefused(f"{others[0].version} is the canary now: promote or retire it first.")

    def _move(
        self,
        version: str,
        before: ModelState | None,
        after: ModelState,
        *,
        by: str,
        why: str,
        active_from: datetime,
        share: float = 0.0,
    ) -> None:
        where = {"version": version, "from_state": before, "to_state": after, "share": share}
        self._do("move", where | {"by": by, "why": why, "active_from": active_from})
        self._do("notify", {"channel": CHANNEL, "version": version})

    def _line(self) -> list[str]:
        return line_of(row["version"] for row in self._rows("promoted", {}))

    def _instant(self, delay_s: float = 0.0) -> datetime:
        instant: datetime = self._rows("instant", {"delay_s": delay_s})[0]["instant"]
        return instant

    def _artefact(self, version: str) -> Artefact:
        row = self._rows("artefact", {"version": version})[0]
        files = {file["name"]: bytes(file["content"]) for file in self._rows("files", {"version": version})}
        return artefact.checked(
            bytes(row["signature"]), bytes(row["seal"]), files, where=f"The registry's {version}"
        )

    def _records(self, name: str, kind: type[Record], **values: object) -> list[Record]:
        return [convert(row, kind) for row in self._rows(name, values)]

    def _rows(self, name: str, values: Mapping[str, object]) -> Sequence[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query(name), values).fetchall()

    def _do(self, name: str, values: Mapping[str, object] | None = None) -> None:
        self.connection.execute(query(name), values)


def _require(model: RegisteredModel, after: ModelState, *, again: bool = False) -> None:
    """`again`: a move to the state that it has changes something all the same."""
    if model.state is after and not again:
        raise MoveRefused(f"{model.version} is {after} already: nothing was changed.")
    if model.state is not after and not may_move(model.state, after):
        raise MoveRefused(f"{model.version} is {model.state} and cannot go to {after} from there.")


def _begins(version: str, wanted: str) -> bool:
    return bool(wanted) and version.startswith((wanted, f"{PREFIX}{wanted}"))


def _is_whole(folder: Path, version: str) -> bool:
    try:
        return artefact.read(folder).signature.version == version
    except ModelRefused:
        return False


def _columns(kept: Artefact) -> dict[str, object]:
    data_from, data_until = kept.window
    return {
        "version": kept.signature.version,
        "signature": kept.signed,
        "seal": kept.seal,
        "data_from": data_from,
        "data_until": data_until,
        "code_version": code_version(),
        "metrics": Jsonb(kept.signature.metrics),
    }
