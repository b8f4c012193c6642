"""Units in blocks: the same sums with less memory, and faster while a block stays in the cache."""

from __future__ import annotations

BLOCK = 8192


def row_blocks(count: int) -> list[slice]:
    """Slices that cover ``count`` units, block after block."""
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
