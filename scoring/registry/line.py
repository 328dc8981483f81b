"""The line of champions: who serves, and who would serve again if it failed."""

from collections.abc import Iterable


def line_of(promoted: Iterable[str]) -> list[str]:
    """From versions in the order they became champion: the last of the line serves, after the one before it.

    Who comes back drops those after it: a model that was rolled back is nobody's predecessor.
    """
    line: list[str] = []
    for version in promoted:
        if version in line:
            del line[line.index(version) :]
        line.append(version)
    return line
