"""Everything goes wrong at once, and at the end nothing is lost and nothing is done twice."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.chaos.balance import Balance, balance
from tests.chaos.books import look
from tests.chaos.conftest import Tell
from tests.chaos.messages import events_so_far, send_mixed
from tests.chaos.plan import LANES, TEMPORARY, Plan, Upload, make_plan
from tests.chaos.player import play
from tests.chaos.site import Site
from tests.integration.support import Environment, eventually

# A worker that was killed gives its messages back after 40 s; a busy machine is behind by more.
PATIENCE_SECONDS = 240
SECONDS_EACH = 0.5
SHOWN = 10


@dataclass(frozen=True)
class Run:
    """A plan that was played, and where."""

    plan: Plan
    site: Site

    def key(self, upload: Upload) -> str:
        """Where an upload is stored."""
        return f"{self.site.users[upload.lane].home}/{upload.path}"


@pytest.fixture(scope="module")
def run(environment: Environment, target: list[str], seed: int, uploads: int, tell: Tell) -> Run:
    """Play the plan, and mend when all faults are over."""
    place, started = environment.environment, time.monotonic()
    tell(f"chaos: seed {seed}, {uploads} uploads of {LANES} users on {place}")
    run = Run(make_plan(seed, uploads), Site.prepare(environment, target))
    play(run.plan, run.site)
    tell(f"played in {time.monotonic() - started:.0f} s")
    _mend(run, tell)
    tell(f"mended after {time.monotonic() - started:.0f} s; injected:")
    for what, times in sorted(run.site.injected.items()):
        tell(f"  {what:<32}{times:>6}")
    return run


def _mend(run: Run, tell: Tell) -> None:
    """Dead letters first, then one sweep: as a person would after such a day."""
    site = run.site
    _drained(run)
    dead = site.queued(site.environment.dead_letter_queue_url)
    site.count("(dead letters redriven)", dead)
    if dead:
        tell(f"redrive: {site.command('redrive')}")
        _drained(run)
    tell(f"sweep: {site.command('sweep', '--all')}")
    _drained(run)
    site.count("(calls that Quill spoiled)", sum(fault["fired"] for fault in site.faults()))


def test_the_balance(run: Run, tell: Tell) -> None:
    found = eventually(
        lambda: _balanced(run), PATIENCE_SECONDS, (UnbalancedError,), pause_seconds=2
    )
    tell("balance:")
    for what, numbers in found.lines:
        tell(f"  {what:<32}{numbers}")


def test_each_fault_of_the_plan_was_there(run: Run) -> None:
    ordered = Counter(f"{fault.kind}: {fault.how}" for fault in run.plan.faults)
    injected = run.site.injected
    assert {what: injected[what] for what in ordered} == ordered
    # Without these nothing has happened: nobody was there, or nothing to lose.
    assert injected["(workers killed)"]
    assert injected["(messages taken)"]
    assert injected["(events sent again)"]
    assert injected["(calls that Quill spoiled)"]


def test_every_event_three_times_more_changes_nothing(run: Run, tell: Tell) -> None:
    before = look(run.site)
    events = list(events_so_far(run.site))
    again = send_mixed(run.site, events * 3, random.Random(run.plan.seed))
    _drained(run)
    after = look(run.site)
    assert after.items == before.items
    assert after.versions == before.versions
    tell(f"every event again, {again} in all: no item more, no call to Quill")


class UnbalancedError(AssertionError):
    """The balance is not what it should be; `str()` has what is known of each upload concerned."""


def _balanced(run: Run) -> Balance:
    found = balance(run.plan, look(run.site))
    if found.wrong:
        raise UnbalancedError("\n".join(_told(run, found)))
    return found


def _told(run: Run, found: Balance) -> Iterator[str]:
    """What is wrong, and for the first few all that the plan, the ledger and the log know."""
    yield f"seed {run.plan.seed}, {len(run.plan.uploads)} uploads: {len(found.wrong)} are wrong"
    yield from (f"{what}: {numbers}" for what, numbers in found.lines)
    entries, log = look(run.site).entries, run.site.environment.watchdog_log()
    for wrong in found.wrong[:SHOWN]:
        yield f"\n{wrong.key!r}: {wrong.what}"
        key = wrong.key.removesuffix(TEMPORARY)
        yield from (f"  plan: {each}" for each in run.plan.uploads if run.key(each) == key)
        yield from (f"  ledger: {json.dumps(each)}" for each in entries if each["key"] == wrong.key)
        yield from (f"  log: {json.dumps(line)}" for line in log if line.get("key") == wrong.key)


def _drained(run: Run) -> None:
    """Until the watchdog has taken all messages, those that failed too."""

    def empty() -> None:
        assert run.site.queued(run.site.environment.queue_url) == 0

    patience = PATIENCE_SECONDS + len(run.plan.uploads) * SECONDS_EACH
    eventually(empty, patience, pause_seconds=0.5)
