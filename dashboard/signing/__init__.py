"""The ways in: the cookie of a session, the OpenID provider, and how they look."""
