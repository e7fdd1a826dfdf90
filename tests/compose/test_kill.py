"""A part is killed in the middle of 200 uploads: what was told to be stored reaches Quill once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import paramiko
import pytest

from tests.compose.project import Project
from tests.integration.support import Environment, NewUser, Quill, eventually, put

UPLOADS, SESSIONS, KILL_AFTER = 200, 4, 60
GONE = (OSError, EOFError, paramiko.SSHException)


@dataclass
class Customer:
    """Uploads names by several sessions; knows which of them it was told had succeeded."""

    environment: Environment
    user: NewUser
    stored: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def upload(self, names: list[str]) -> None:
        """As many as the server takes; those that fail are left for later."""
        left = [names[each::SESSIONS] for each in range(SESSIONS)]
        with ThreadPoolExecutor(SESSIONS) as sessions:
            list(sessions.map(self._session, left))
        self.enough.set()

    def _session(self, names: list[str]) -> None:
        try:
            with self.environment.sftp(self.user) as sftp:
                for name in names:
                    put(sftp, f"incoming/{name}", name.encode())
                    self.stored.append(name)
                    if len(self.stored) >= KILL_AFTER:
                        self.enough.set()
        except GONE:
            return


@pytest.mark.parametrize("service", ["sftp", "transfer", "quill"])
def test_every_upload_that_succeeded_is_told_exactly_once(shared: Project, service: str) -> None:
    found = shared.asyncssh if service == "transfer" else shared.environment
    customer = Customer(found, found.the_test_user)
    names = [f"{service} {number}.csv" for number in range(UPLOADS)]
    _during(lambda: customer.upload(names), customer.enough, lambda: shared.kill(service))
    before = list(customer.stored)
    assert len(before) >= KILL_AFTER
    assert (len(before) == UPLOADS) == (service == "quill"), "the kill came in the middle"
    shared.up()
    customer.upload([name for name in names if name not in before])
    assert sorted(customer.stored) == sorted(names)
    eventually(lambda: _all_told(shared.quill, service, names, before), timeout_seconds=180)


def _during(work: Callable[[], None], enough: threading.Event, strike: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as others:
        working = others.submit(work)
        assert enough.wait(timeout=120)
        strike()
        working.result()


def _all_told(quill: Quill, service: str, names: list[str], before: list[str]) -> None:
    """One id and one story each; two at the most if it was cut and then uploaded again."""
    folder = "testuser/incoming"
    items = [
        item
        for item in quill.notifications(project="demo")
        if item["key"].startswith(f"{folder}/{service} ")
    ]
    told = Counter(item["key"] for item in items)
    assert told.keys() == {f"{folder}/{name}" for name in names}
    assert all(told[f"{folder}/{name}"] == 1 for name in before)
    assert told.total() - len(names) <= SESSIONS
    assert all(item["status"] == "accepted" and item["story_key"] for item in items)
    assert len({item["id"] for item in items}) == len(items)
