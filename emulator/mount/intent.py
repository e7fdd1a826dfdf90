"""What a process is asking the kernel for, while the kernel asks us about a name on its way.

Before a file is opened, the kernel looks up every name of its path, and does not say what for: S3
would be asked for each folder and for the file itself, and a user who may write but not look could
not upload. So the waiting process is looked at: its system call, and the paths it gave to it.
(/proc/PID/syscall and mem; for another user's process that takes CAP_SYS_PTRACE.)
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emulator.files.modes import OpenMode

Call = Literal["open", "make", "remove", "other"]

# The calls that matter, with their path arguments: open, mkdir, rename, link, unlink and the like.
# (arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h)
_CALLS: dict[str, dict[int, tuple[Call, tuple[int, ...]]]] = {
    "x86_64": {
        257: ("open", (1,)),
        83: ("make", (0,)),
        258: ("make", (1,)),
        82: ("make", (0, 1)),
        264: ("make", (1, 3)),
        316: ("make", (1, 3)),
        86: ("make", (0, 1)),
        265: ("make", (1, 3)),
        87: ("remove", (0,)),
        263: ("remove", (1,)),
    },
    "aarch64": {
        56: ("open", (1,)),
        34: ("make", (1,)),
        38: ("make", (1, 3)),
        276: ("make", (1, 3)),
        37: ("make", (1, 3)),
        35: ("remove", (1,)),
    },
}
CALLS = _CALLS.get(platform.machine(), {})
OTHER: tuple[Call, tuple[int, ...]] = ("other", (0, 1, 2, 3))  # whichever of them are paths
OPEN_FLAGS = 2  # openat(folder, path, flags, mode)
CAP_SYS_PTRACE = 19  # include/uapi/linux/capability.h
POINTERS = range(1 << 16, 1 << 56)
PATH_MAX = 4096


@dataclass(frozen=True)
class Intent:
    """A system call; `paths` are absolute, `flags` those of an open."""

    call: Call = "other"
    paths: tuple[str, ...] = ()
    flags: int = 0

    def passes(self, path: str) -> bool:
        """Whether `path` is but a folder on the way to what is meant."""
        return path not in self.paths and any(each.startswith(f"{path}/") for each in self.paths)

    def opens(self, path: str) -> bool:
        """Whether `path` itself is to be opened."""
        return self.call == "open" and path in self.paths

    def makes(self, path: str) -> bool:
        """Whether `path` is to be new: a folder, or where a file is to go."""
        return self.call == "make" and path == self.paths[-1]

    def removes(self, path: str) -> bool:
        """Whether `path` itself is a file to be removed."""
        return self.call == "remove" and path in self.paths

    @property
    def is_for_folder(self) -> bool:
        """Whether nothing but a folder will do."""
        return bool(self.flags & os.O_DIRECTORY)

    @property
    def mode(self) -> OpenMode:
        """The open's flags as SFTP has them."""
        return open_mode(self.flags)


UNKNOWN = Intent()


def open_mode(flags: int) -> OpenMode:
    """Turn flags of open(2) into SFTP's."""
    mode = {os.O_RDONLY: OpenMode.READ, os.O_WRONLY: OpenMode.WRITE}.get(
        flags & os.O_ACCMODE, OpenMode.READ | OpenMode.WRITE
    )
    for flag, name in (
        (os.O_APPEND, OpenMode.APPEND),
        (os.O_CREAT, OpenMode.CREATE),
        (os.O_TRUNC, OpenMode.TRUNCATE),
        (os.O_EXCL, OpenMode.EXCLUSIVE),
    ):
        if flags & flag:
            mode |= name
    return mode


def sees_other_processes() -> bool:
    """Whether other users' processes can be looked at."""
    status = Path("/proc/self/status").read_text()
    effective = status.partition("CapEff:")[2].split()[0]
    return bool(int(effective, 16) >> CAP_SYS_PTRACE & 1)


def intent_of(pid: int) -> Intent:
    """Look at a process that waits for us; UNKNOWN when there is nothing to be seen."""
    try:
        number, *arguments = _system_call(pid)
        call, places = CALLS.get(number, OTHER)
        paths = tuple(_paths(pid, [arguments[each] for each in places]))
    except (OSError, ValueError):
        return UNKNOWN
    return Intent(call, paths, arguments[OPEN_FLAGS]) if paths else UNKNOWN


def _system_call(pid: int) -> list[int]:
    """Its number, six arguments and two registers; ValueError when the process runs."""
    text = Path(f"/proc/{pid}/syscall").read_text()
    return [int(word, 0) for word in text.split()]


def _paths(pid: int, arguments: list[int]) -> Iterator[str]:
    memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    try:
        for address in arguments:
            if address in POINTERS and (text := _text(memory, address)):
                yield os.path.normpath(f"{_start(pid, text)}/{text}")
    finally:
        os.close(memory)


def _text(memory: int, address: int) -> str:
    """A string in the process's memory; empty where there is none."""
    try:
        data = os.pread(memory, PATH_MAX, address)
    except OSError:
        return ""
    return os.fsdecode(data.partition(b"\0")[0])


def _start(pid: int, path: str) -> str:
    return str(Path(f"/proc/{pid}/{'root' if path.startswith('/') else 'cwd'}").readlink())
