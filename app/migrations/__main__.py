"""`python -m app.migrations`: bring the database that the PG* variables name up to date."""

import sys

from app.migrations import migrate
from domain.errors import FaregateError


def main() -> int:
    try:
        applied = migrate("")
    except FaregateError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{applied} migration(s) applied\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
