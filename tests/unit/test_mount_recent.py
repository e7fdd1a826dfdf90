"""What S3 said a moment ago, and for how long it counts."""

from __future__ import annotations

import pytest

from emulator.files.listing import Entry
from emulator.mount.recent import LIMIT, SECONDS, USED_SECONDS, Recent

FILE = Entry("a", is_folder=False, size=1)


class Clock:
    """Stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_name_of_a_listing_waits_for_its_look_up(clock: Clock) -> None:
    recent = Recent(clock)
    recent.put_page("/f", [FILE])
    clock.now += SECONDS - 0.1
    assert recent.get("/f/a") == FILE
    assert recent.get("/f") is None


def test_once_used_it_counts_half_a_second_more_at_most(clock: Clock) -> None:
    recent = Recent(clock)
    recent.put_page("/", [FILE])
    assert recent.get("/a") == FILE
    clock.now += USED_SECONDS - 0.1
    assert recent.get("/a") == FILE
    clock.now += 0.2
    assert recent.get("/a") is None


def test_what_was_looked_up_counts_no_longer_than_that(clock: Clock) -> None:
    recent = Recent(clock)
    recent.put("/a", FILE)
    clock.now += USED_SECONDS + 0.1
    assert recent.get("/a") is None


def test_what_the_session_changes_is_forgotten(clock: Clock) -> None:
    recent = Recent(clock)
    recent.put("/a", FILE)
    recent.forget("/a")
    recent.forget("/b")
    assert recent.get("/a") is None


def test_memory_is_bounded(clock: Clock) -> None:
    recent = Recent(clock)
    recent.put_page("/", [Entry(str(number), is_folder=False) for number in range(LIMIT + 1)])
    assert recent.get("/0") is None
    assert recent.get("/1") is not None
    assert recent.get(f"/{LIMIT}") is not None
