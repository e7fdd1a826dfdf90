"""What SFTP on S3 means, said once more and in the simplest way: a dict of keys.

Written from AWS's rules (Transfer user guide, transfer-file and logical-dir-mappings), not from the
code it is compared with. Where AWS is silent on the status code of a refusal any code will do: the
model then says that it fails and that nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fuzz.places import (
    ANY_FAILURE,
    DENIED,
    FAILED,
    MISSING,
    UNSUPPORTED,
    Place,
    Refused,
    Root,
    absolute,
    locate,
    mapped_inside,
)

READ, WRITE, APPEND, CREATE, TRUNCATE, EXCLUSIVE = 1, 2, 4, 8, 16, 32

Names = dict[str, int | None]  # of a folder: a file's size, None for folders


@dataclass
class Writing:
    """An open upload; `spoiled` after a write that was not in order.

    `kept` is the file that was there and not truncated: it stays until the first byte comes.
    """

    place: Place
    data: bytearray = field(default_factory=bytearray)
    spoiled: bool = False
    kept: bytes | None = None

    @property
    def visible(self) -> bytes | bytearray:
        return self.data or self.kept or b""


Opened = Writing | bytes


class Model:
    """One user's view of `objects`, which all users share. Slots stand for handles."""

    def __init__(
        self, root: Root, objects: dict[str, bytes], *, ignores_setstat: bool = False
    ) -> None:
        self.root = root
        self._ignores_setstat = ignores_setstat
        self._objects = objects
        self._slots: dict[int, Opened] = {}

    def realpath(self, path: str) -> str:
        return absolute(self.root, path)

    def stat(self, path: str) -> int | None:
        """Give a file's size, None for a folder."""
        place = self._locate(path)
        return None if place.is_fixed else self._found(place)

    def listdir(self, path: str) -> Names:
        place = self._locate(path)
        if place.is_foreign or (place.key is None and self.root.mappings is None):
            raise Refused(*ANY_FAILURE)
        if not place.is_fixed and not self._inside(place):
            raise Refused(MISSING, FAILED)
        mapped = mapped_inside(self.root, place.path)
        shown = {} if place.key is None else self._names(place)
        return shown | {name: None if is_folder else 0 for name, is_folder in mapped.items()}

    def mkdir(self, path: str) -> None:
        place = self._changeable(path)
        if place.is_foreign:
            raise Refused(*ANY_FAILURE)
        self._must_be_free(place)
        self._objects[f"{place.key}/"] = b""

    def rmdir(self, path: str) -> None:
        place = self._changeable(path)
        if place.is_foreign:
            raise Refused(*ANY_FAILURE)
        inside = self._inside(place)
        if not inside:
            raise Refused(MISSING, FAILED)
        if inside != [""]:
            raise Refused(FAILED)
        del self._objects[f"{place.key}/"]

    def remove(self, path: str) -> None:
        place = self._changeable(path)
        if self._found(place) is None:
            raise Refused(FAILED)
        del self._objects[place.key or ""]

    def rename(self, old: str, new: str) -> None:
        source, goal = self._changeable(old), self._changeable(new)
        if self._found(source) is None:
            raise Refused(UNSUPPORTED)
        if goal.is_foreign:
            raise Refused(*ANY_FAILURE)
        self._must_be_free(goal)
        self._objects[goal.key or ""] = self._objects.pop(source.key or "")

    def setstat(self, path: str) -> None:
        self._locate(path)
        self._change_nothing()

    def open(self, slot: int, path: str, flags: int) -> None:
        """Open into a slot; what was open there is closed first."""
        if slot in self._slots:
            self.close(slot)
        place = self._locate(path)
        self._slots[slot] = self._reading(place) if flags == READ else self._writing(place, flags)

    def read(self, slot: int, offset: int, count: int) -> bytes:
        opened = self._opened(slot)
        if isinstance(opened, Writing):
            raise Refused(FAILED)
        return opened[offset : offset + count]

    def write(self, slot: int, offset: int, data: bytes) -> None:
        opened = self._opened(slot)
        if not isinstance(opened, Writing):
            raise Refused(FAILED)
        opened.spoiled = opened.spoiled or offset != len(opened.data)
        if opened.spoiled:
            raise Refused(FAILED)
        opened.data += data

    def fstat(self, slot: int) -> int:
        opened = self._opened(slot)
        return len(opened.visible if isinstance(opened, Writing) else opened)

    def fsetstat(self, slot: int) -> None:
        self._opened(slot)
        self._change_nothing()

    def close(self, slot: int) -> None:
        opened = self._opened(slot)
        del self._slots[slot]
        if isinstance(opened, Writing):
            self._store(opened)

    def cut(self) -> None:
        """The client is gone: what it sent is stored."""
        for opened in self._slots.values():
            if isinstance(opened, Writing) and not (opened.spoiled or opened.place.is_foreign):
                self._store(opened)
        self._slots.clear()

    def _change_nothing(self) -> None:
        if not self._ignores_setstat:
            raise Refused(UNSUPPORTED)

    def _store(self, opened: Writing) -> None:
        if opened.spoiled:
            raise Refused(FAILED)
        if opened.place.is_foreign:
            raise Refused(*ANY_FAILURE)
        if opened.data or opened.kept is None:
            self._objects[opened.place.key or ""] = bytes(opened.data)

    def _opened(self, slot: int) -> Opened:
        if slot not in self._slots:
            raise Refused(FAILED)
        return self._slots[slot]

    def _reading(self, place: Place) -> bytes:
        if place.is_fixed or place.is_foreign or place.key not in self._objects:
            raise Refused(*ANY_FAILURE)
        return self._objects[place.key]

    def _writing(self, place: Place, flags: int) -> Writing:
        if not flags & WRITE or flags & (READ | APPEND):
            raise Refused(UNSUPPORTED)
        if place.is_fixed or not place.key:
            raise Refused(DENIED, FAILED)
        looks_first = flags & (CREATE | TRUNCATE) != CREATE | TRUNCATE
        if place.is_foreign and looks_first:
            raise Refused(*ANY_FAILURE)
        if not place.is_foreign:
            self._check_mode(place, flags)
        # Forbidden ones are refused at CLOSE: users who may write and not look can write so.
        kept = None if flags & TRUNCATE else self._objects.get(place.key or "")
        return Writing(place, kept=kept)

    def _check_mode(self, place: Place, flags: int) -> None:
        is_there = self._is_there(place)
        if is_there and flags & EXCLUSIVE:
            raise Refused(FAILED)
        if not is_there and not flags & CREATE:
            raise Refused(MISSING)
        if is_there and not flags & TRUNCATE and place.key not in self._objects:
            raise Refused(FAILED)

    def _found(self, place: Place) -> int | None:
        if place.is_foreign:
            raise Refused(*ANY_FAILURE)
        if not self._is_there(place):
            raise Refused(MISSING)
        data = self._objects.get(place.key or "")
        return None if data is None else len(data)

    def _is_there(self, place: Place) -> bool:
        return place.key in self._objects or bool(self._inside(place))

    def _must_be_free(self, place: Place) -> None:
        if self._is_there(place):
            raise Refused(FAILED)

    def _names(self, place: Place) -> Names:
        """Of `a` and `a/x` the file is seen, as in stat; `.` and nothing at all are no names."""
        shown: Names = {}
        for name in self._inside(place):
            first, slash, _ = name.partition("/")
            if slash and first not in ("", ".", ".."):
                shown.setdefault(first, None)
            elif not slash and first not in ("", ".", ".."):
                shown[first] = len(self._objects[place.inside + name])
        return shown

    def _inside(self, place: Place) -> list[str]:
        start = place.inside
        return [key.removeprefix(start) for key in self._objects if key.startswith(start)]

    def _changeable(self, path: str) -> Place:
        place = self._locate(path)
        if not place.key or place.is_fixed:
            raise Refused(DENIED)
        return place

    def _locate(self, path: str) -> Place:
        return locate(self.root, path)
