"""The database's schema as numbered steps, applied once each by the owner."""

from app.migrations.runner import (
    MigrationRefused,
    SchemaMismatch,
    check_schema,
    check_schema_async,
    latest_version,
    migrate,
)

__all__ = [
    "MigrationRefused",
    "SchemaMismatch",
    "check_schema",
    "check_schema_async",
    "latest_version",
    "migrate",
]
