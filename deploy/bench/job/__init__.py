"""The histories job, measured apart from the stack."""
