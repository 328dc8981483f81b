"""The feature store beside Feast's own, in a schema that is gone afterwards."""
