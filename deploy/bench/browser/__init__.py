"""A real Chromium that works the console as a person does."""
