"""What a history knows, said in places: the newest folded offset of each source partition.

Kafka and Flink keep the order of a partition, so a history holds exactly those of its entity's events that
stand at or before these places. One flat list: source, offset, source, offset, …, ordered by source.
"""

Position = tuple[int, int]  # source number (see domain.topics) and offset


def advanced(positions: list[int], position: Position) -> list[int]:
    """A copy with `position` in it; an offset never falls."""
    source, offset = position
    at = 0
    while at < len(positions) and positions[at] < source:
        at += 2
    if at < len(positions) and positions[at] == source:
        return [*positions[: at + 1], max(positions[at + 1], offset), *positions[at + 2 :]]
    return [*positions[:at], source, offset, *positions[at:]]


def covers(positions: list[int], position: Position) -> bool:
    """Whether a history at `positions` knows of what stands at `position`."""
    source, offset = position
    return any(positions[at] == source and positions[at + 1] >= offset for at in range(0, len(positions), 2))
