"""What a benchmark does to the parts of a running stack, and undoes."""
