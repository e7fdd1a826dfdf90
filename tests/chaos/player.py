"""Plays a plan: every lane in a thread of its own, the faults between their uploads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.chaos.clients import Session, log_in
from tests.chaos.faults import KINDS
from tests.chaos.plan import LANES, TEMPORARY, Fault, Plan, Upload
from tests.chaos.site import Site


class Turns:
    """An upload waits for the faults before it, and a fault for most uploads before it.

    Not for all: as many as there are lanes may be under way when it comes.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sent = 0
        self._open_below = 0
        self._stopped = False

    def await_upload(self, number: int) -> bool:
        """Until upload `number` may begin; False when the run has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or number < self._open_below)
            return not self._stopped

    def await_fault(self, at: int) -> bool:
        """Let the uploads before `at` begin, and wait for them; False when the run has ended."""
        with self._changed:
            self._open_below = at
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or self._sent >= at - LANES)
            return not self._stopped

    def sent(self) -> None:
        """One more upload is sent."""
        with self._changed:
            self._sent += 1
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def play(plan: Plan, site: Site) -> None:
    """Send every upload and inject every fault; at the end all faults are over."""
    turns = Turns()
    with ThreadPoolExecutor(LANES + 1) as pool:
        futures = [pool.submit(_lane, plan, site, turns, lane) for lane in range(LANES)]
        futures.append(pool.submit(_weather, plan, site, turns))
        for future in futures:
            future.add_done_callback(lambda done: turns.stop() if done.exception() else None)
    for future in futures:
        future.result()


def _lane(plan: Plan, site: Site, turns: Turns, lane: int) -> None:
    """One user's uploads, one after the other; a new login after each cut."""
    todo = [upload for upload in plan.uploads if upload.lane == lane]
    while todo:
        with log_in(plan.clients[lane], site.environment, site.users[lane]) as session:
            while todo:
                upload = todo.pop(0)
                if not turns.await_upload(upload.number):
                    return
                _send(session, upload)
                site.count(f"upload: {upload.manner}, {plan.clients[lane]}")
                turns.sent()
                if upload.manner == "cut":
                    break


def _send(session: Session, upload: Upload) -> None:
    try:
        if upload.manner == "cut":
            session.cut(upload.path, upload.content[: upload.cut_at])
        elif upload.manner == "filepart":
            session.put(upload.path + TEMPORARY, upload.content)
            session.remove(upload.path)
            session.rename(upload.path + TEMPORARY, upload.path)
        else:
            session.put(upload.path, upload.content)
    except Exception as error:
        raise AssertionError(f"not sent: {upload}: {error!r}") from error


def _weather(plan: Plan, site: Site, turns: Turns) -> None:
    """Faults end and begin in the order of the plan; what is open at the end is ended."""
    going: dict[Fault, ExitStack] = {}
    with ExitStack() as everything:
        for now in sorted({at for fault in plan.faults for at in (fault.at, fault.until)}):
            if not turns.await_fault(now):
                return
            for fault in [each for each in going if each.until == now]:
                going.pop(fault).close()
            for fault in [each for each in plan.faults if each.at == now]:
                begun = everything.enter_context(_begun(site, fault))
                if fault.until == now:
                    begun.close()
                else:
                    going[fault] = begun
        turns.await_fault(len(plan.uploads))


def _begun(site: Site, fault: Fault) -> ExitStack:
    site.count(f"{fault.kind}: {fault.how}")
    stack = ExitStack()
    stack.enter_context(KINDS[fault.kind](site, fault))
    return stack
