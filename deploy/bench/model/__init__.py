"""What is measured of a model alone: the time of one row, its truth to XGBoost, and smaller variants."""
