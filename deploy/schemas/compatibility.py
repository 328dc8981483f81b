"""What a version of an event may become: fields may be added with a default; no promise is taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from deploy.schemas.event_schemas import Schema

HOW_TO = "see 'Change an event type' in docs/how-to.md"
REMEDIES = {
    "removed": "keep the type",
    "renamed or removed": "keep the field under its name",
    "retyped": "keep its type",
    "made required": "keep its default",
    "added without a default": "give it a default",
    "given another default": "keep the default, which a record means that leaves the field out",
    "narrowed": "keep its limits",
    "closed": "let unknown fields pass",
}
# Names of a limit, and its sign: a limit is narrowed when sign times value rises.
LIMITS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("minimum", "exclusiveMinimum"), 1),
    (("maximum", "exclusiveMaximum"), -1),
    (("minLength",), 1),
    (("maxLength",), -1),
    (("minItems",), 1),
    (("maxItems",), -1),
    (("minProperties",), 1),
    (("maxProperties",), -1),
)
FORMS = ("pattern", "multipleOf", "uniqueItems", "propertyNames")  # each may only stay or go


@dataclass(frozen=True, kw_only=True)
class Violation:
    """`field` is a path such as `stops[].zone`, empty for the event itself."""

    event: str
    field: str
    rule: str
    detail: str = ""

    def __str__(self) -> str:
        name, _, version = self.event.rpartition(".v")
        where = f"{name} v{version}" + (f", field {self.field}" if self.field else "")
        what = f"{self.rule} ({self.detail})" if self.detail else self.rule
        return f"{where}: {what}; {REMEDIES[self.rule]}, or declare version {int(version) + 1}, {HOW_TO}."


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A part of an event; each of its two versions has shared definitions of its own."""

    event: str
    field: str
    old_shared: Mapping[str, Schema]
    new_shared: Mapping[str, Schema]

    def inside(self, name: str) -> "_Place":
        return replace(self, field=f"{self.field}.{name}" if self.field else name)

    def item(self, index: int | str = "") -> "_Place":
        return replace(self, field=f"{self.field}[{index}]")

    def breaks(self, rule: str, detail: str = "") -> Violation:
        return Violation(event=self.event, field=self.field, rule=rule, detail=detail)


def violations(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[Violation]:
    """Where `new` breaks what `old` promised; both map an event's name to its schema."""
    found: list[Violation] = []
    for event, promised in old.items():
        if event not in new:
            found.append(Violation(event=event, field="", rule="removed"))
            continue
        shared = {"old_shared": promised.get("$defs", {}), "new_shared": new[event].get("$defs", {})}
        found += _of_object(_Place(event=event, field="", **shared), promised, new[event])
    return found


def _of_object(place: _Place, old: Schema, new: Schema) -> Iterator[Violation]:
    olds, news = old.get("properties", {}), new.get("properties", {})
    was_required, required = set(old.get("required", ())), set(new.get("required", ()))
    for name, schema in olds.items():
        field = place.inside(name)
        if name not in news:
            yield field.breaks("renamed or removed")
            continue
        if name in required - was_required:
            yield field.breaks("made required")
        elif name not in required | was_required and schema.get("default") != news[name].get("default"):
            yield field.breaks(
                "given another default", f"{schema.get('default')!r} became {news[name].get('default')!r}"
            )
        yield from _of_value(field, schema, news[name])
    for name in news:
        if name in required and name not in olds:
            yield place.inside(name).breaks("added without a default")
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield place.breaks("closed", "unknown fields would be refused")


def _of_value(place: _Place, old: Schema, new: Schema) -> Iterator[Violation]:
    olds, news = _alternatives(old, place.old_shared), _alternatives(new, place.new_shared)
    before, after = [_kind(schema) for schema in olds], [_kind(schema) for schema in news]
    if before != after:
        yield place.breaks("retyped", f"{' or '.join(before)} became {' or '.join(after)}")
        return
    for was, now in zip(olds, news, strict=True):
        yield from _of_limits(place, was, now)
        yield from _of_parts(place, was, now)


def _alternatives(schema: Schema, shared: Mapping[str, Schema]) -> list[Schema]:
    if "$ref" in schema:
        return _alternatives(shared[schema["$ref"].rpartition("/")[2]], shared)
    options = [option for part in schema.get("anyOf", ()) for option in _alternatives(part, shared)]
    return sorted(options or [schema], key=_kind)


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return "one of a list"
    parts = (schema.get("type", "anything"), schema.get("format"), schema.get("contentEncoding"))
    return " ".join(part for part in parts if part)


def _of_parts(place: _Place, old: Schema, new: Schema) -> Iterator[Violation]:
    if old.get("type") == "object":
        yield from _of_object(place, old, new)
        yield from _of_value(
            place.item(), _rest(old, "additionalProperties"), _rest(new, "additionalProperties")
        )
    elif old.get("type") == "array":
        pairs = zip(old.get("prefixItems", ()), new.get("prefixItems", ()), strict=False)
        for index, (was, now) in enumerate(pairs):
            yield from _of_value(place.item(index), was, now)
        yield from _of_value(place.item(), _rest(old, "items"), _rest(new, "items"))


def _rest(schema: Schema, name: str) -> Schema:
    """The schema of all other parts; true and false in its place say only whether there may be any."""
    rest = schema.get(name)
    return rest if isinstance(rest, dict) else {}


def _of_limits(place: _Place, old: Schema, new: Schema) -> Iterator[Violation]:
    gone = [value for value in old.get("enum", ()) if value not in new.get("enum", ())]
    if gone:
        yield place.breaks("narrowed", f"no longer {', '.join(map(str, gone))}")
    for names, sign in LIMITS:
        if _bound(new, names, sign) > _bound(old, names, sign):
            yield place.breaks("narrowed", f"{_written(old, names)} became {_written(new, names)}")
    for form in FORMS:
        if form in new and new[form] != old.get(form):
            yield place.breaks("narrowed", f"{_written(old, (form,))} became {_written(new, (form,))}")


def _bound(schema: Schema, names: tuple[str, ...], sign: int) -> tuple[float, bool]:
    bounds = [(sign * schema[name], name.startswith("exclusive")) for name in names if name in schema]
    if schema.get("type") == "integer":  # above 0 and at least 1 are the same
        bounds = [(value + strict, False) for value, strict in bounds]
    return max(bounds, default=(-inf, False))


def _written(schema: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {schema[name]}" for name in names if name in schema) or "no limit"
