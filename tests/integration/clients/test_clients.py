"""Each client, each operation: it works, it is refused as on AWS, or there is no such thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.clients.all import CLIENTS
from tests.integration.clients.client import Client, NotOffered, Refused
from tests.integration.clients.operations import OPERATIONS, Operation, Scene
from tests.integration.clients.outcome import Outcomes
from tests.integration.support import Environment

pytestmark = pytest.mark.clients


@pytest.fixture
def scene(
    kind: type[Client],
    operation: Operation,
    clients: Callable[[type[Client], str], Client],
    environment: Environment,
    tmp_path: Path,
) -> Scene:
    """A folder for this cell alone, with what the operation needs to find there."""
    client = clients(kind, operation.set_stat)
    folder = re.sub(r"\W+", "-", operation.title)
    s3, home = environment.client("s3"), client.login.user
    scene = Scene(client, s3, environment.bucket, home, folder, tmp_path)
    scene.seed(operation.seeded)
    return scene


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.title)
@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)
def test_cell(kind: type[Client], operation: Operation, scene: Scene, outcomes: Outcomes) -> None:
    if kind.name not in outcomes.versions:
        outcomes.versions[kind.name] = scene.client.version()
    outcomes.add(kind.name, operation.title, outcome(scene, operation))


def outcome(scene: Scene, operation: Operation) -> str:
    """Perform, and check that what the client says is so."""
    client, departs = scene.client, scene.client.departs.get(operation.title)
    client.complaints.clear()
    try:
        operation.perform(scene)
    except NotOffered:
        return "cannot"
    except Refused as error:
        refused = tidy(str(error), scene)
    else:
        assert departs or not operation.is_refused, "works, although AWS refuses it"
        said = departs or "; ".join(dict.fromkeys(tidy(each, scene) for each in client.complaints))
        return f"works: {said}" if said else "works"
    if departs:
        return f"fails: {refused}"
    assert operation.refusal is not None, f"AWS does not refuse this: {refused}"
    assert scene.files() == operation.refusal
    return f"refused: {refused}"


def tidy(words: str, scene: Scene) -> str:
    """The client's words without what differs from run to run."""
    login = scene.client.login
    for what, name in (
        (str(scene.local), "LOCAL"),
        (str(login.folder), "OWN"),
        (f"/{scene.bucket}/{login.user}", "HOME"),
        (f"{login.host}:{login.port}", "SERVER"),
        (login.user, "USER"),
    ):
        words = words.replace(what, name)
    return re.sub(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", words)
