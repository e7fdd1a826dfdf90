"""The S3 actions that `operations` names are what a session cannot do without, and all it needs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator.files.activity import Activity
from emulator.files.errors import FileError
from emulator.files.location import Home
from emulator.files.modes import OpenMode
from emulator.files.policies.document import parse
from emulator.files.policies.evaluation import Policies, Request
from emulator.files.policies.guard import Guard
from emulator.files.policies.operations import Operation, calls
from emulator.files.policies.requests import requests_of
from emulator.files.session import FileSession
from emulator.files.upload import Upload
from emulator.transfer.model import User
from tests.comparison.engine import Engine

UPLOAD = OpenMode.WRITE | OpenMode.CREATE | OpenMode.TRUNCATE


def put(session: FileSession, path: str) -> None:
    file = session.open(path, UPLOAD)
    assert isinstance(file, Upload)
    file.write(0, b"x")
    session.close(file)


DOING: dict[Operation, tuple[list[str], Callable[..., Any]]] = {
    "put": (["new.csv"], put),
    "get": (["a.csv"], lambda session, path: session.close(session.open(path, OpenMode.READ))),
    "list": (["folder"], lambda session, path: list(session.list(path))),
    "stat": (["a.csv"], lambda session, path: session.stat(path)),
    "delete": (["a.csv"], lambda session, path: session.remove(path)),
    "rename": (["a.csv", "b.csv"], lambda session, *paths: session.rename(*paths)),
    "mkdir": (["made"], lambda session, path: session.mkdir(path)),
    "rmdir": (["empty"], lambda session, path: session.rmdir(path)),
}


class Scene:
    """A user with some files, whose every call the guard decides: the engine lets all pass."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._name = f"user-{uuid.uuid4().hex[:8]}"
        home = f"/{engine.bucket}/{self._name}"
        self._user = User("s-1", self._name, "arn", engine.role, home_directory=home)
        engine.store([f"{self._name}/{each}" for each in ("a.csv", "folder/b.csv", "empty/")])

    def needed(self, operation: Operation, paths: list[str]) -> list[Request]:
        """What the table says."""
        home, caller = Home.of(self._user), self._engine.caller()
        places = [home.locate(path) for path in paths]
        return [
            request
            for call in calls(operation, home, *places)
            for request in requests_of(call.name, call.parameters, caller)
        ]

    @contextmanager
    def session(self, *statements: dict[str, Any]) -> Iterator[FileSession]:
        s3 = self._engine.root_client("s3")
        document = parse("own", json.dumps({"Statement": list(statements)}))
        Guard(self._engine.caller(), Policies((document,)), lambda _: None).hold(s3)
        session = FileSession(self._user, s3, Activity("arn", "0" * 16, lambda _: None))
        yield session
        session.end()


def statement(effect: str, request: Request) -> dict[str, Any]:
    return {"Effect": effect, "Action": request.action, "Resource": request.resource}


@pytest.mark.parametrize("operation", DOING)
def test_it_is_enough(operation: Operation, engine: Engine) -> None:
    paths, do = DOING[operation]
    scene = Scene(engine)
    allowed = [statement("Allow", request) for request in scene.needed(operation, paths)]
    with scene.session(*allowed) as session:
        do(session, *paths)


@pytest.mark.parametrize("operation", DOING)
def test_none_of_it_can_be_left_out(operation: Operation, engine: Engine) -> None:
    paths, do = DOING[operation]
    scene = Scene(engine)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for request in scene.needed(operation, paths):
        deny = statement("Deny", request)
        with scene.session(everything, deny) as session, pytest.raises(FileError):
            do(session, *paths)
