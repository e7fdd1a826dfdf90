from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from emulator.quill.inbox import Inbox
from emulator.quill.writer import StoryWriter
from tests.unit.quill_fakes import FakeObjects, eventually, notification

STORY_KEY = "acme/outgoing/eu/q3 sales.csv.story.txt"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path_factory.mktemp("quill") / "inbox.sqlite3")) as inbox:
        yield inbox


@pytest.fixture
def inbox(opened: Inbox) -> Inbox:
    """An inbox that is empty."""
    opened.clear()
    return opened


@pytest.fixture
def objects() -> FakeObjects:
    return FakeObjects()


@pytest.fixture
def writer(inbox: Inbox, objects: FakeObjects) -> Iterator[StoryWriter]:
    made = StoryWriter(inbox, objects, threads=2, retry_seconds=(0.01, 0.01))
    yield made
    objects.may_read.set()
    made.stop(5)


def test_it_goes_on_with_what_an_earlier_run_left(
    inbox: Inbox, objects: FakeObjects, writer: StoryWriter
) -> None:
    inbox.accept(notification())
    writer.start()

    def told() -> None:
        assert inbox.items()[0]["story_key"] == STORY_KEY

    eventually(told)
    assert objects.stories[STORY_KEY] == inbox.story(notification().id)


def test_a_refusal_is_tried_again(inbox: Inbox, objects: FakeObjects, writer: StoryWriter) -> None:
    objects.refusals = 2
    inbox.accept(notification())
    writer.start()

    def told() -> None:
        assert list(objects.stories) == [STORY_KEY]
        assert "story_error" not in inbox.items()[0]

    eventually(told)


def test_after_the_last_try_the_item_says_why_and_the_next_file_is_told(
    inbox: Inbox, objects: FakeObjects, writer: StoryWriter
) -> None:
    objects.refusals = 3
    _, recorded = inbox.accept(notification("first.csv"))
    writer.start()

    def given_up() -> None:
        assert "AccessDenied (tried 3 times)" in inbox.items()[0].get("story_error", "")

    eventually(given_up)
    assert inbox.items()[0]["story_key"] is None
    writer.add(inbox.accept(notification("next.csv"))[1].seq)

    def told() -> None:
        assert list(objects.stories) == ["acme/outgoing/eu/next.csv.story.txt"]

    eventually(told)
    assert inbox.unwritten() == [recorded.seq]


@pytest.mark.parametrize("way", ["withdraw", "clear"])
def test_what_is_taken_back_while_it_is_read_gets_no_story(
    inbox: Inbox, objects: FakeObjects, writer: StoryWriter, way: str
) -> None:
    objects.may_read.clear()
    told = notification()
    inbox.accept(told)
    writer.start()
    assert objects.reading.wait(5)

    if way == "withdraw":
        inbox.withdraw(told.project, told.id)
    else:
        inbox.clear()
    objects.may_read.set()
    writer.stop(5)

    assert objects.stories == {}
    assert all(item["story_key"] is None for item in inbox.items())


def test_a_defect_does_not_end_the_thread(
    inbox: Inbox, objects: FakeObjects, writer: StoryWriter
) -> None:
    for number in range(3):
        inbox.accept(notification(f"{number}.csv", version_id="not the one expected"))
    inbox.accept(notification("good.csv"))
    writer.start()

    def told() -> None:
        assert list(objects.stories) == ["acme/outgoing/eu/good.csv.story.txt"]
        errors = [item.get("story_error", "") for item in inbox.items()[:3]]
        assert all("report it as a defect" in error for error in errors)

    eventually(told)


def test_stopping_does_not_wait_for_a_long_file(
    inbox: Inbox, objects: FakeObjects, writer: StoryWriter
) -> None:
    objects.may_read.clear()
    _, recorded = inbox.accept(notification())
    writer.start()
    assert objects.reading.wait(5)

    writer.stop(0.01)

    assert inbox.unwritten() == [recorded.seq]
