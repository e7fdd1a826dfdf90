"""The server's own parts in this process, over an S3 in memory: quick, and the same each time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

from emulator.files.activity import Activity
from emulator.files.session import FileSession
from emulator.sftp.handler import Handler
from emulator.transfer.model import HomeMapping, User
from tests.fuzz.memory_s3 import MemoryS3, Storage
from tests.fuzz.model import Model
from tests.fuzz.places import Root
from tests.fuzz.player import Player
from tests.fuzz.steps import Program, odd_objects, play, scene
from tests.integration.raw_sftp import VERSION, Kind, RawSftp

P = ParamSpec("P")
T = TypeVar("T")

BUCKET = "drop"
OBJECTS = odd_objects("acme") | {"a": b"", "acm": b"top"}


class AtOnce(Executor):
    """Does work where it is handed in."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # it is the future's
            future.set_exception(error)
        return future


class Line:
    """What `RawSftp` takes for an SSH connection and its channel: leads straight to a handler."""

    def __init__(self, handler: Handler, runner: asyncio.Runner) -> None:
        self._handler, self._runner = handler, runner
        self._answers = bytearray()

    def open_session(self) -> Line:
        return self

    def settimeout(self, _: float) -> None: ...
    def invoke_subsystem(self, _: str) -> None: ...

    def sendall(self, frame: bytes) -> None:
        if frame[4] == Kind.INIT:
            self._answers += (5).to_bytes(4) + bytes([Kind.VERSION]) + VERSION.to_bytes(4)
        else:
            self._answers += self._runner.run(self._handler.answer(frame[4:]))

    def recv(self, length: int) -> bytes:
        data = bytes(self._answers[:length])
        del self._answers[:length]
        return data

    def cut(self) -> None:
        self._runner.run(self._handler.cut())


def play_inside(program: Program, runner: asyncio.Runner) -> int:
    """Play a program from the beginning, and look at what it left in S3; gives its steps."""
    storage = Storage(BUCKET, dict(OBJECTS))
    expected = dict(OBJECTS)
    roots = scene(BUCKET, "acme")
    models = [Model(root, expected) for root in roots]
    with no_failure_logged(), sessions(storage, roots) as made:
        lines = [Line(Handler(session, AtOnce(), _nothing), runner) for session, _ in made]
        steps = play(program, models, [Player(RawSftp(cast("Any", line))) for line in lines])
        for model, line in zip(models, lines, strict=True):
            model.cut()
            line.cut()
        assert storage.objects == expected
        assert not storage.uploads, f"multipart uploads left behind: {storage.uploads}"
        for root, (_, s3) in zip(roots, made, strict=True):
            check_asked(root, s3)
    return steps


def check_asked(root: Root, s3: MemoryS3) -> None:
    """A LOGICAL user's session asks for no change outside its targets, whatever IAM allows it."""
    targets = [target.split("/", 2)[2] for target in (root.mappings or {}).values()]
    for key in s3.asked if targets else ():
        assert any(f"{key}/".startswith(f"{target}/") for target in targets), f"asked for {key!r}"


@contextmanager
def sessions(
    storage: Storage, roots: Sequence[Root]
) -> Iterator[list[tuple[FileSession, MemoryS3]]]:
    """Log the users in. PATH users' policies keep them in their home, as the README's one does."""
    made = []
    for root in roots:
        home = None if root.mappings else root.start.split("/", 2)[2]
        s3 = MemoryS3(storage, home)
        activity = Activity("arn", "0" * 16, lambda _: None)
        made.append((FileSession(_user(root), cast("Any", s3), activity), s3))
    try:
        yield made
    finally:
        for session, _ in made:
            session.end()


def _user(root: Root) -> User:
    if root.mappings is None:
        return User("s-1", root.name, "arn", "role", root.start)
    mappings = tuple(
        HomeMapping(entry, target, "FILE" if entry in root.files else None)
        for entry, target in root.mappings.items()
    )
    return User("s-1", root.name, "arn", "role", root.start, "LOGICAL", mappings)


class _Failures(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Of S3 in memory every error is foreseen: one that is not is warned of by `files.errors`.
        if record.levelno >= logging.ERROR or record.name == "emulator.files.errors":
            cause = record.exc_info[1] if record.exc_info else None
            self.lines.append(f"{record.getMessage()}: {cause!r}")


@contextmanager
def no_failure_logged() -> Iterator[None]:
    """Fail if the server's parts log an error: each is something nobody thought of."""
    log = logging.getLogger("emulator")
    failures = _Failures()
    log.addHandler(failures)
    try:
        yield
    finally:
        log.removeHandler(failures)
    assert not failures.lines, f"logged: {failures.lines[0]}"


def _nothing() -> None: ...
