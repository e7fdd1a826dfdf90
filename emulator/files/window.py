"""A piece of a file in memory: blocks one after the other, from `start` to `end`."""

from __future__ import annotations

from collections import deque


class Window:
    """Offsets are the file's. Not locked: its owner sees to that."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self._blocks: deque[bytes] = deque()

    def holds(self, start: int, end: int) -> bool:
        """Say whether all bytes from `start` up to `end` are here."""
        return self.start <= start and end <= self.end

    def append(self, block: bytes) -> None:
        """Add what follows the last block."""
        self._blocks.append(block)
        self.end += len(block)

    def cut(self, start: int, end: int) -> bytes:
        """Copy out the bytes from `start` up to `end`, which must be here."""
        pieces = []
        position = self.start
        for block in self._blocks:
            if position + len(block) > start:
                pieces.append(block[max(0, start - position) : end - position])
            position += len(block)
            if position >= end:
                break
        return b"".join(pieces)

    def forget(self, before: int) -> None:
        """Drop the blocks that end before that offset."""
        while self._blocks and self.start + len(self._blocks[0]) <= before:
            self.start += len(self._blocks.popleft())
