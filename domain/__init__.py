"""The core: events, histories, features and decisions. Standard library and msgspec only."""
