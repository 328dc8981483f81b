"""The database's schema as numbered steps, applied once each by the owner."""

from app.migrations.runner import MigrationRefused, SchemaMismatch, check_schema, latest_version, migrate

__all__ = ["MigrationRefused", "SchemaMismatch", "check_schema", "latest_version", "migrate"]
