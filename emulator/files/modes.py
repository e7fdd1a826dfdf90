"""How a client opens a file."""

from __future__ import annotations

from enum import Flag


class OpenMode(Flag):
    """SFTP version 3's open flags, by their numbers; `str()` is how Transfer logs them."""

    READ = 0x01
    WRITE = 0x02
    APPEND = 0x04
    CREATE = 0x08
    TRUNCATE = 0x10
    EXCLUSIVE = 0x20

    @property
    def is_read(self) -> bool:
        """Reading and nothing else."""
        return self == OpenMode.READ

    @property
    def is_upload(self) -> bool:
        """Writing from the beginning: no reading beside it, no appending."""
        return OpenMode.WRITE in self and not self & (OpenMode.READ | OpenMode.APPEND)

    @property
    def asks_nothing(self) -> bool:
        """The ordinary upload: it replaces what is there, so S3 is not asked before CLOSE."""
        return self == OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE

    def __str__(self) -> str:
        return "|".join(sorted(mode.name or "" for mode in self))
