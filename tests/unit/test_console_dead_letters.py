"""The console's dead letters: why each is there, put back one or all, nothing hidden or lost."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from sftp_watchdog.evidence import Evidence, event
from sftp_watchdog.shapes import in_utc

from quillgate.audit import Audit
from tests.unit.console_fakes import browser
from tests.unit.operate_fakes import KEY, NOW, FakeQueue, Place, at, body, entry, upload
from tests.unit.test_console_uploads import words

PAGE = "/dead-letters"


def crowd(number: int, *more: str) -> Place:
    """So many dead letters, and more."""
    uploads = [upload(f"{n:03}.csv", seconds=n) for n in range(number)]
    place = Place(queue=FakeQueue(*map(body, uploads), *more))
    place.keep(*(entry("dead", each) for each in uploads))
    return place


def test_each_says_why_it_is_there() -> None:
    place = Place(queue=FakeQueue(body(upload())))
    place.keep(entry("dead").moved(at(3), "retrying", "put back by alice"))
    page = words(browser(place=place), PAGE)
    assert f"{KEY} , " in page
    assert "acme it is dead retrying not delivered yet" in page


def test_what_is_not_on_record_says_so() -> None:
    assert "not on record" in words(browser(place=Place(queue=FakeQueue(body(upload())))), PAGE)


def test_an_empty_queue_is_not_waited_for() -> None:
    place = Place()
    place.queue.receive_message = None  # type: ignore[method-assign,assignment]
    assert "There are none." in words(browser(place=place), PAGE)


def test_a_look_hides_nothing_and_is_bounded() -> None:
    place = crowd(60)
    hidden_for: list[int] = []
    receive = place.queue.receive_message

    def noted(**request: Any) -> dict[str, Any]:
        hidden_for.append(request["VisibilityTimeout"])
        return receive(**request)

    place.queue.receive_message = noted  # type: ignore[method-assign]
    assert "30 of about 60." in words(browser(place=place), PAGE)
    assert (len(hidden_for), max(hidden_for)) == (3, 30)
    assert (place.queue.hidden, len(place.queue.messages)) == (set(), 60)


def test_foreign_messages_are_shown_as_what_they_are() -> None:
    place = Place(queue=FakeQueue("<b>hello\x1b"))
    visitor = browser("operator", place)
    assert r"No upload. Its text: <b>hello\x1b" in words(visitor, PAGE)
    assert "<b>" not in visitor.get(PAGE).text
    assert "/dead-letters/one" not in visitor.get(PAGE).text


def test_what_the_server_says_of_a_file_is_named() -> None:
    word = Evidence("partial", "b", KEY, in_utc(NOW), in_utc(NOW), 7)
    place = Place(queue=FakeQueue(json.dumps({"Records": [event(word)]})))
    assert f"{KEY} : what the server says of it" in words(browser("operator", place), PAGE)


def test_one_is_put_back_on_record() -> None:
    place = crowd(3, "hello")
    visitor = browser("operator", place)
    ways = re.findall(r'action="(/dead-letters/one[^"]*)"', visitor.get(PAGE).text)
    assert len(ways) == 3
    answer = visitor.post(html.unescape(ways[1]))
    assert "It is on its way again." in answer.text
    assert [each.key for each in place.queue.sent_uploads()] == ["001.csv"]
    assert list(place.queue.messages) == ["m0", "m2", "m3"]
    [change] = Audit(place.ledger, "kim").newest().changes
    assert (change.what, change.about, change.role) == ("redrive", "001.csv", "operator")
    assert change.after == {"put back": 1, "files": ["001.csv"]}


def test_one_that_is_not_found_is_not_claimed_to_be_put_back() -> None:
    place = crowd(3)
    answer = browser("operator", place).post(f"{PAGE}/one?message=m9&key=001.csv")
    assert "It was not among the 200 looked at" in answer.text
    assert place.queue.sent == []


def test_all_are_put_back_in_bounded_batches_and_what_is_left_is_told() -> None:
    place = crowd(230)
    visitor = browser("operator", place)
    assert "About 230 are there" in words(visitor, f"{PAGE}/all")
    first = visitor.post(f"{PAGE}/all")
    assert "About 30 are left: put all back once more." in first.text
    assert len(place.queue.messages) == 30
    second = visitor.post(f"{PAGE}/all")
    assert "are left" not in second.text
    assert (place.queue.messages, place.queue.hidden) == ({}, set())
    assert len({each.key for each in place.queue.sent_uploads()}) == 230


def test_what_is_no_upload_stays_and_is_not_promised() -> None:
    place = crowd(2, "hello")
    answer = browser("operator", place).post(f"{PAGE}/all")
    assert "Put back: 2. 1 are no uploads and stay." in answer.text
    assert list(place.queue.messages.values()) == ["hello"]


def test_only_operators_are_offered_to_put_back() -> None:
    place = crowd(1)
    for role in ("viewer", "support"):
        page = words(browser(role, place), PAGE)
        assert "Put" not in page
        assert "an operator mends what is named here" in page
    page = words(browser("operator", place), PAGE)
    assert "Put all back" in page
    assert "an operator mends what" not in page
