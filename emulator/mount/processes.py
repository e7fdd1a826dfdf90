"""What the kernel tells of the processes that use the mount."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

log = logging.getLogger(__name__)

PROC = Path("/proc")
PF_EXITING = 0x4  # include/linux/sched.h


class Process(NamedTuple):
    """Some fields of /proc/PID/stat (proc_pid_stat(5)); `name` is cut to 15 bytes."""

    name: str
    parent: int
    flags: int


def process(pid: int, proc: Path = PROC) -> Process | None:
    """Describe a process; None when it is gone; OSError when that cannot be told."""
    try:
        text = (proc / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A name may hold anything, brackets too.
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return Process(name, int(fields[1]), int(fields[6]))


def is_exiting(pid: int) -> bool:
    """Whether the process is on its way out, and so closes its files without having said so."""
    found = process(pid)
    return found is None or bool(found.flags & PF_EXITING)


def connection_of(pid: int) -> int:
    """Find the process that holds the SSH connection: the outermost below the listening sshd.

    OpenSSH has two or three for a connection and one for each channel, all called `sshd...`.
    Whoever does not descend from sshd stands for itself.
    """
    line = [pid]
    while (found := process(line[-1])) and found.name.startswith("sshd"):
        line.append(found.parent)
    # The last is the listener's parent.
    return line[-3] if len(line) > 2 else pid


class Endings:
    """Calls back, in a thread of its own, when processes end."""

    def __init__(self) -> None:
        self._ended: dict[int, Callable[[], None]] = {}
        self._lock = Lock()
        self._epoll = select.epoll()
        self._stop = os.eventfd(0)
        self._epoll.register(self._stop, select.EPOLLIN)
        self._thread = Thread(target=self._watch, name="endings", daemon=True)
        self._thread.start()

    def watch(self, pid: int, ended: Callable[[], None]) -> None:
        """Call `ended` once when the process ends; ProcessLookupError when it has."""
        handle = os.pidfd_open(pid)
        with self._lock:
            self._ended[handle] = ended
        self._epoll.register(handle, select.EPOLLIN)

    def close(self) -> None:
        """Watch nobody any more."""
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        for handle in [self._stop, *self._ended]:
            os.close(handle)
        self._epoll.close()

    def _watch(self) -> None:
        while True:
            for handle, _ in self._epoll.poll():
                if handle == self._stop:
                    return
                self._tell(handle)

    def _tell(self, handle: int) -> None:
        with self._lock:
            ended = self._ended.pop(handle)
        with suppress(OSError):
            self._epoll.unregister(handle)
        os.close(handle)
        try:
            ended()
        except Exception:
            log.exception("the end of a connection was not heard")
