"""What a model must beat: a good analyst's rules, and a logistic regression on the same features."""
