"""Paths as segments, and an index that finds patterns of segments without trying each one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from unicodedata import category

ANY = "*"

Value = TypeVar("Value")


@dataclass
class _Node(Generic[Value]):
    values: list[Value] = field(default_factory=list)
    children: dict[str, _Node[Value]] = field(default_factory=dict)

    def matching(self, segment: str) -> list[_Node[Value]]:
        """The children a real segment leads to; `*` stands for any segment that has a name."""
        names = (segment,) if segment in ("", ANY) else (segment, ANY)
        return [self.children[name] for name in names if name in self.children]

    def overlapping(self, pattern: str) -> list[_Node[Value]]:
        """The children that could stand for the same segment as `pattern`."""
        return list(self.children.values()) if pattern == ANY else self.matching(pattern)


class SegmentIndex(Generic[Value]):
    """Values filed under patterns such as `*/incoming`; a look-up costs the path's depth."""

    def __init__(self) -> None:
        self._root: _Node[Value] = _Node()

    def add(self, pattern: Iterable[str], value: Value) -> None:
        """File `value` under a pattern of segments."""
        node = self._root
        for segment in pattern:
            node = node.children.setdefault(segment, _Node())
        node.values.append(value)

    def above(self, path: Iterable[str]) -> Iterator[Value]:
        """The values whose pattern matches `path` or a folder above it."""
        return self._walk(path, _Node.matching)

    def above_pattern(self, pattern: Iterable[str]) -> Iterator[Value]:
        """The values under which some path of `pattern` could lie."""
        return self._walk(pattern, _Node.overlapping)

    def _walk(
        self, path: Iterable[str], step: Callable[[_Node[Value], str], list[_Node[Value]]]
    ) -> Iterator[Value]:
        level = [self._root]
        for segment in path:
            level = [child for node in level for child in step(node, segment)]
            for node in level:
                yield from node.values


def path_problem(path: str) -> str | None:
    """Why `path` cannot name a folder in the bucket, with the way out; None when it can."""
    return next(_path_problems(path), None)


def _path_problems(path: str) -> Iterator[str]:
    bare = "/".join(filter(None, path.split("/")))
    segments = bare.split("/")
    if not bare:
        yield "names no folder - write one, such as 'acme/incoming'"
    if path != path.strip("/"):
        yield f"begins or ends with a slash - write {bare!r}"
    if path != bare:
        yield f"has an empty segment - write {bare!r}"
    if any(category(character) == "Cc" for character in path):
        yield "holds a control character - take it out"
    if "." in segments or ".." in segments:
        yield "has '.' or '..' in it, which S3 does not resolve - write the path in full"
    for segment in segments:
        if ANY in segment and segment != ANY:
            yield f"has '*' inside the segment {segment!r} - it stands for a whole segment"
