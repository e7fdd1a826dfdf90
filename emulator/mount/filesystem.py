"""The users' homes as a file system of the kernel, as long as a block runs.

libfuse changes to `/` and, for signals nobody handles yet, puts in handlers of its own: handle
SIGTERM and SIGINT first.
"""

from __future__ import annotations

import ctypes
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import mfusepy

from emulator.mount.intent import sees_other_processes
from emulator.mount.operations import FileSystem, Owners
from emulator.mount.sessions import Sessions

log = logging.getLogger(__name__)

KERNEL_NAME = "quillgate"
START_SECONDS = 10.0
THREADS = 64  # requests that wait for S3 at the same time, over all clients
MNT_DETACH = 2  # sys/mount.h

# Names are looked up each time: a story shows at once. What a look-up says of a file counts for
# the system call that it was made for, which otherwise asks again.
OPTIONS = {
    "foreground": True,
    "raw_fi": True,
    "fsname": KERNEL_NAME,
    "subtype": KERNEL_NAME,
    "allow_other": True,
    "nosuid": True,
    "nodev": True,
    "noexec": True,
    "hard_remove": True,
    "entry_timeout": 0,
    "negative_timeout": 0,
    "attr_timeout": 0.1,
    "max_threads": THREADS,
    "max_idle_threads": THREADS,
}


class MountError(Exception):
    """The file system could not be mounted."""


@contextmanager
def mounted(mountpoint: Path, sessions: Sessions, owners: Owners) -> Iterator[None]:
    """Mount; at the end open uploads are stored as cut, and nobody reaches a file any more."""
    root = str(mountpoint.resolve())
    if mfusepy.fuse_version_major != 3:
        raise MountError(f"wrong libfuse: '{mfusepy.fuse_version_major}' - install libfuse 3")
    if not sees_other_processes():
        raise MountError(f"cannot see what clients ask for: '{root}' - SYS_PTRACE is needed")
    serving = Thread(target=_serve, args=(root, sessions, owners), name="fuse", daemon=True)
    serving.start()
    try:
        _wait_until_mounted(root, serving)
        yield
    finally:
        sessions.end()
        _unmount(root)
        serving.join(START_SECONDS)


def _serve(root: str, sessions: Sessions, owners: Owners) -> None:
    system = FileSystem(sessions, owners, mfusepy.fuse_get_context, root)
    try:
        mfusepy.FUSE(system, root, **OPTIONS)
    except RuntimeError as error:
        log.error("mount ended: '%s' - libfuse says %s", root, error)


def _wait_until_mounted(root: str, serving: Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not os.path.ismount(root):
        if not serving.is_alive() or time.monotonic() > deadline:
            raise MountError(f"cannot mount: '{root}' - /dev/fuse and SYS_ADMIN are needed")
        time.sleep(0.01)


def _unmount(root: str) -> None:
    """Also while somebody is in it: what is open goes on, by itself, to its end."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.path.ismount(root) and libc.umount2(os.fsencode(root), MNT_DETACH) != 0:
        log.error("cannot unmount: '%s' - %s", root, os.strerror(ctypes.get_errno()))
