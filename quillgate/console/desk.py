"""What the pages work on: one stack, looked up when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, cached_property
from typing import Self

from sftp_watchdog.ledger import utc_now

from quillgate.audit import Audit
from quillgate.console.visitors import Visitor
from quillgate.operate.deployment import Deployment
from quillgate.operate.orders import Orders
from quillgate.target import Target
from quillgate.users.directory import Directory


class Desk:
    """One stack. `look_up` gives its parts; it may raise TargetError while they are not ready."""

    def __init__(self, look_up: Callable[[], Deployment]) -> None:
        self._look_up = look_up
        self.now = utc_now

    @classmethod
    def of(cls, find: Callable[[], Target]) -> Self:
        """The stack that `find` names. Clients are made once: each costs more than a page does."""

        def look_up() -> Deployment:
            target = find()
            return Deployment.of(replace(target, client=cache(target.client)))

        return cls(look_up)

    @cached_property
    def deployment(self) -> Deployment:
        """The stack's parts."""
        return self._look_up()

    @property
    def title(self) -> str:
        """What every page is headed with; empty while the stack is not known."""
        return self.deployment.target.title if "deployment" in self.__dict__ else ""

    def audit(self, visitor: Visitor) -> Audit:
        """The audit trail, as the visitor writes it."""
        return Audit(self.deployment.ledger, visitor.who, "console", visitor.role.word)

    def directory(self, visitor: Visitor) -> Directory:
        """The customers, as the visitor changes them."""
        return Directory.of(self.deployment, self.audit(visitor))

    def orders(self, visitor: Visitor) -> Orders:
        """Uploads put back on the queue in the visitor's name."""
        return Orders(self.deployment, visitor.who)
