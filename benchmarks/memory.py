"""The most memory the processes of a server had at once, while a block ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

import psutil

LOOK_SECONDS = 0.2  # each look walks the table of processes, some milliseconds of a core


@contextmanager
def peaks(processes: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Give resident bytes by name, complete when the block has ended.

    A process counts with its children, since sshd has one for each session.
    """
    found = dict.fromkeys(processes, 0)
    ended = Event()

    def look() -> None:
        while True:
            for name, pid in processes.items():
                found[name] = max(found[name], resident(pid))
            if ended.wait(LOOK_SECONDS):
                return

    watcher = Thread(target=look, name="memory")
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def resident(pid: int) -> int:
    """Bytes a process and its children have in memory; what they share counts for each."""
    root = psutil.Process(pid)
    return sum(_bytes(each) for each in (root, *root.children(recursive=True)))


def _bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
