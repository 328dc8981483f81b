"""What a model is worth against none, against rules and against a logistic regression, as one HTML page."""
