"""Where a run takes place: the environment, its users, and what was injected so far."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plan import INCOMING, LANES, REPORTS
from tests.integration.support import Environment, NewUser, Quill, quillgate

ALL_COUNTS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]


@dataclass(frozen=True)
class Site:
    """One environment with a user for each lane. `target`: the words that name it to a command."""

    environment: Environment
    target: list[str]
    quill: Quill
    users: list[NewUser]
    injected: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def prepare(cls, environment: Environment, target: list[str]) -> Site:
        """Make the users, and two routes for each: one plain, one with a star."""
        users = [environment.new_user() for _ in range(LANES)]
        for user in users:
            environment.add_route(
                f'project = "{user.name}"\ndirectory = "{user.home}/{INCOMING}"\n'
                f'stories = "{user.home}/outgoing"'
            )
            environment.add_route(
                f'project = "{user.name}"\ndirectory = "{user.home}/{REPORTS}/*"\n'
                f'stories = "{user.home}/stories/*"'
            )
        return cls(environment, target, Quill(environment.quill_url), users)

    def client(self, service: str) -> Any:
        return self.environment.client(service)

    def count(self, what: str, times: int = 1) -> None:
        """Remember that something was injected so many times."""
        with self._lock:
            self.injected[what] += times

    def faults(self) -> list[dict[str, Any]]:
        """What Quill was told to do wrong, and how often it did."""
        return [fault for user in self.users for fault in self.quill.faults(user.name)]

    def queued(self, url: str) -> int:
        """The messages of a queue, hidden and delayed ones too."""
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=ALL_COUNTS)
        return sum(int(number) for number in answer["Attributes"].values())

    def command(self, *words: str) -> str:
        """What a `quillgate` command about this environment says."""
        ran = quillgate(*words, *self.target)
        assert ran.returncode == 0, f"quillgate {words[0]}: {ran.stderr}"
        return ran.stdout.strip()
