"""What a process that serves many customers asks of its machine."""

from __future__ import annotations

import ctypes
import resource
from contextlib import suppress

M_MMAP_THRESHOLD = -3  # malloc.h


def give_memory_back() -> None:
    """Let the freed parts of large files go back to the system at once.

    glibc otherwise takes the first one freed as a hint to keep blocks of that size, in each thread.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, 256 * 1024)


def allow_many_files() -> None:
    """Connections to S3 count too: the usual 1024 are used up by some thirty busy sessions."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
