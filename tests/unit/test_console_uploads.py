"""The console's uploads: the list, one file, and what a person orders of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from sftp_watchdog.ledger import Held, Ledger
from sftp_watchdog.ledger_names import Ref

from emulator.transfer.store import Store
from quillgate.audit import Audit, Change
from quillgate.console.pages.upload import place as address
from quillgate.console.states import LISTED, meaning
from tests.unit.console_fakes import Browser, browser
from tests.unit.operate_fakes import (
    BUCKET,
    KEY,
    FakeQueue,
    FakeVersions,
    Place,
    body,
    entry,
    version,
)
from tests.unit.operate_fakes import upload as uploaded
from tests.unit.users_fakes import Stack, new_key
from tests.unit.watchdog_fakes import ROUTES

MEAN = "acme/incoming/<b>'q3' +é%\"&\n.csv"
ONE = {"key": KEY, "version": "v1"}
AGAIN, DISMISS = (address(KEY, "v1", each) for each in ("again", "dismiss"))


def stack(*versions: dict[str, Any], **parts: Any) -> Place:
    found = Place(FakeVersions(*versions or (version(),)), **parts)
    found.s3.objects["watchdog.config"] = ROUTES.encode()
    return found


def words(visitor: Browser, path: str, **query: str) -> str:
    """What the page says, without its tags."""
    answer = visitor.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    text = html.unescape(re.sub(r"<[^>]*>", " ", answer.text))
    return re.sub(r"\s+", " ", text)


def links(visitor: Browser, path: str, **query: str) -> list[str]:
    found = re.findall(r'href="(/uploads[^"]*)"', visitor.get(path, params=query or None).text)
    return [html.unescape(each) for each in found]


def trail(place: Place) -> list[Change]:
    return list(Audit(place.ledger, "kim").newest().changes)


def test_each_upload_is_told_in_a_row() -> None:
    place = stack()
    told: dict[str, Any] = {
        "project": "acme-sales",
        "story_key": "s",
        "story_at": "2026-11-23T12:00:09.000Z",
    }
    place.keep(entry("accepted", **told), entry("rejected", uploaded("b.csv", seconds=1)))
    page = words(browser(place=place), "/uploads")
    assert page.index("b.csv") < page.index("q3 sales.csv") < page.index("acme/incoming")
    assert "rejected refused" in page
    assert "accepted delivered, and the answer is back acme-sales 1" in page


def test_a_customers_file_name_is_text_and_leads_to_its_file() -> None:
    place = stack(version(key=MEAN))
    place.keep(entry("accepted", uploaded(MEAN)))
    visitor = browser(place=place)
    assert "<b>" not in visitor.get("/uploads").text
    [way] = [each for each in links(visitor, "/uploads") if each.startswith("/uploads/one")]
    assert r"<b>'q3' +é%\"&\n.csv".replace('\\"', '"') in words(visitor, way)
    assert "<b>" not in visitor.get(way).text


def test_the_first_page_is_live_and_older_ones_stand_still() -> None:
    place = stack()
    place.keep(*(entry("dead", uploaded(f"{n:03}.csv", seconds=-n)) for n in range(60)))
    visitor = browser(place=place)
    page = visitor.get("/uploads", params={"user": "acme", "state": "dead"}).text
    [live] = re.findall(r'hx-get="([^"]*)"', page)
    assert html.unescape(live) == "/uploads/rows?user=acme&state=dead"
    [older] = [each for each in links(visitor, "/uploads", state="dead") if "after=" in each]
    assert "024.csv" in page
    second = visitor.get(older).text
    assert "025.csv" in second
    assert "049.csv" in second
    assert "hx-get" not in second


def test_the_rows_alone_are_no_page_and_leave_the_notice_to_it() -> None:
    place = stack()
    place.keep(entry("waiting"))
    visitor = browser("support", place)
    form = {"csrf": visitor.token()}
    visitor.client.post(AGAIN, data=form, follow_redirects=False)
    rows = visitor.get("/uploads/rows", headers={"HX-Request": "true"}).text
    assert "q3 sales.csv" in rows
    assert "<html" not in rows
    assert "on its way again" in words(visitor, "/uploads")


@pytest.mark.parametrize("state", LISTED)
def test_each_state_has_its_list(state: Any) -> None:
    place = stack()
    place.keep(entry(state), entry("accepted", uploaded("b.csv")))
    page = words(browser(place=place), "/uploads", state=state)
    assert f"{state} {meaning(state)}" in page
    assert "q3 sales.csv" in page
    assert "b.csv" not in page


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"day": "2026-13-01"},
        {"day": "x"},
        {"after": "../x"},
        {"user": "x" * 101},
    ],
)
def test_what_no_form_of_ours_asks_is_refused(query: dict[str, str]) -> None:
    assert browser().get("/uploads", params=query).status_code == 422


def test_an_empty_list_says_so() -> None:
    assert "There are none." in words(browser(place=stack()), "/uploads")


@pytest.mark.parametrize("typed", [KEY, f"/{BUCKET}/{KEY}", f"s3://{BUCKET}/{KEY}", f" /{KEY} "])
def test_a_file_is_found_by_its_path(typed: str) -> None:
    visitor = browser(place=stack())
    answer = visitor.get("/uploads", params={"key": typed}, follow_redirects=False)
    assert answer.headers["Location"] == address(KEY)


@pytest.fixture
def users(tmp_path: Path) -> Iterator[Stack]:
    with Store(tmp_path / "transfer.sqlite3") as store:
        yield Stack(store)


def test_a_file_is_found_by_the_path_the_customer_sees(users: Stack) -> None:
    users.directory.add("acme-1", [new_key()], folder="acme")
    formation = users.deployment.client("cloudformation")
    visitor = browser(place=stack(transfer=users.transfer, formation=formation))
    query = {"key": "/incoming/q3 sales.csv", "user": "acme-1"}
    answer = visitor.get("/uploads", params=query, follow_redirects=False)
    assert answer.headers["Location"] == address(KEY)
    nobody = visitor.get("/uploads", params={**query, "user": "acme-2"})
    assert nobody.status_code == 404
    assert "no such customer: 'acme-2'" in html.unescape(nobody.text)
    assert 'href="/customers?q=acme-2"' in nobody.text
    assert 'value="/incoming/q3 sales.csv"' in nobody.text


def test_a_file_nobody_knows_names_what_is_near() -> None:
    answer = browser(place=stack()).get("/uploads", params={"key": "acme/incoming/q3 sale.csv"})
    assert answer.status_code == 404
    assert "q3 sales.csv" in answer.text
    assert 'value="acme/incoming/q3 sale.csv"' in answer.text


def test_a_file_has_its_times_its_route_and_its_versions() -> None:
    place = stack(version(), version(version_id="v2", seconds=60))
    place.keep(entry("rejected"), entry("accepted", uploaded(version_id="v2", seconds=60)))
    visitor = browser(place=place)
    page = words(visitor, "/uploads/one", key=KEY)
    assert "stored, 7 bytes" in page
    assert "accepted at attempt 1" in page
    assert "goes to project 'acme-sales'" in page
    assert address(KEY, "v1") in links(visitor, "/uploads/one", key=KEY)
    assert "rejected: it is rejected" in words(visitor, "/uploads/one", **ONE)


def test_a_file_that_is_gone_is_told_from_the_ledger_and_cannot_be_delivered() -> None:
    place = stack(version(key="other.csv"))
    place.keep(entry("waiting"))
    visitor = browser("operator", place)
    page = words(visitor, "/uploads/one", **ONE)
    assert "the file itself is no longer kept" in page
    assert "cannot be delivered again" in page
    assert "Settle by hand" in page
    assert visitor.post(AGAIN).status_code == 404


def test_a_deleted_file_says_so() -> None:
    gone = {name: value for name, value in version().items() if name not in ("ETag", "Size")}
    page = words(browser("operator", stack(gone)), "/uploads/one", key=KEY)
    assert "It cannot be delivered again: it was deleted" in page
    assert "Settle by hand" not in page


@pytest.mark.parametrize("query", [{"key": "x"}, {"key": KEY, "version": "v9"}])
def test_there_is_no_page_of_what_nobody_knows(query: dict[str, str]) -> None:
    place = stack()
    place.keep(entry("accepted"))
    assert browser(place=place).get("/uploads/one", params=query).status_code == 404


@pytest.mark.parametrize("character", ["\0", "\1", "\x1b", "\uffff"])
@pytest.mark.parametrize("path", ["/uploads", "/uploads/one"])
def test_what_nobody_can_type_is_not_looked_for(path: str, character: str) -> None:
    """An engine whose lists cannot have it tries for a minute."""
    where = stack(version())
    answer = browser(place=where).get(path, params={"key": f"acme/{character}/a.csv"})
    assert answer.status_code == 404
    assert "type the name anew" in answer.text
    assert where.s3.pages_given == 0


def test_a_name_that_no_list_has_is_shown_if_it_is_on_record() -> None:
    key = "acme/incoming/\1.csv"
    where = stack(version(key=key))
    where.s3.objects[key] = b"n"
    where.keep(entry("accepted", uploaded(key)))
    visitor = browser(place=where)
    assert r"\x01.csv accepted delivered" in words(visitor, "/uploads/one", key=key)
    assert r"\x01.csv accepted delivered" in words(visitor, "/uploads", key=key)


def test_support_staff_have_a_file_delivered_again_on_record() -> None:
    place = stack(queue=FakeQueue(body(uploaded())))
    place.keep(entry("dead"))
    visitor = browser("support", place)
    assert "Deliver again" in words(visitor, "/uploads/one", **ONE)
    answer = visitor.post(AGAIN)
    assert answer.url.path == "/uploads/one"
    assert "It is on its way again." in answer.text
    assert [each.key for each in place.queue.sent_uploads()] == [KEY]
    [change] = trail(place)
    assert (change.who, change.role, change.via) == ("kim", "support", "console")


@pytest.mark.parametrize("state", ["accepted", "done"])
def test_what_is_delivered_is_not_delivered_again(state: Any) -> None:
    place = stack()
    place.keep(entry(state))
    visitor = browser("support", place)
    assert f"cannot be delivered again: it is {state}" in words(visitor, "/uploads/one", **ONE)
    answer = visitor.post(AGAIN)
    assert answer.status_code == 409
    assert (place.queue.sent, trail(place)) == ([], [])


def test_of_a_file_that_may_be_a_part_it_is_asked_whether_it_is_whole() -> None:
    place = stack()
    place.keep(entry("waiting"))
    assert "that the file is whole" in words(browser("support", place), "/uploads/one", **ONE)


def test_an_operator_settles_what_nobody_can_deliver() -> None:
    place = stack()
    place.keep(entry("waiting"))
    visitor = browser("operator", place)
    for why in ("", "  "):
        assert visitor.post(DISMISS, why=why).status_code == 422
    answer = visitor.post(DISMISS, why=" sent <twice> ")
    assert "It is settled" in answer.text
    [kept] = place.ledger.of_key(KEY)
    assert (kept.outcome, kept.reason) == ("done", "dismissed by kim: sent <twice>")
    assert [(each.what, each.role) for each in trail(place)] == [("dismiss", "operator")]
    assert "There are none." in words(visitor, "/uploads", state="waiting")


def test_a_customer_without_uploads_may_be_a_name_written_wrong() -> None:
    page = browser(place=stack()).get("/uploads", params={"user": "acm"})
    assert 'href="/customers?q=acm"' in page.text
    assert "/customers?q=" not in browser(place=stack()).get("/uploads").text


def test_state_and_its_words_are_of_one_look_at_the_ledger(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = stack()
    place.keep(entry("unrouted"))
    find, looks = Ledger.find, []

    def meanwhile_told_again(ledger: Ledger, ref: Ref) -> Held | None:
        held = find(ledger, ref)
        looks.append(held)
        return replace(held, entry=entry("retrying")) if held and len(looks) == 1 else held

    monkeypatch.setattr(Ledger, "find", meanwhile_told_again)
    said = words(browser("support", place), "/uploads/one", **ONE)
    assert len(looks) > 1
    assert f"unrouted {meaning('unrouted')}." in said


def test_a_private_key_is_no_reason_and_is_not_kept() -> None:
    place = stack()
    place.keep(entry("waiting"))
    answer = browser("operator", place).post(DISMISS, why="-----BEGIN OPENSSH PRIVATE KEY----- b3B")
    assert answer.status_code == 409
    assert "PRIVATE half" in answer.text
    assert "b3B" not in answer.text
    assert place.ledger.of_key(KEY)[0].outcome == "waiting"
    assert trail(place) == []


def test_who_may_not_is_offered_nothing() -> None:
    place = stack()
    place.keep(entry("waiting"))
    viewer, support = (
        words(browser(role, place), "/uploads/one", **ONE) for role in ("viewer", "support")
    )
    assert "Deliver again" not in viewer
    assert "Settle" not in viewer + support
    assert "Deliver again" in support


def test_a_name_with_a_lines_end_is_delivered_again_as_the_page_orders_it() -> None:
    place = stack(version(key=MEAN))
    place.keep(entry("waiting", uploaded(MEAN)))
    visitor = browser("support", place)
    page = visitor.get(address(MEAN, "v1")).text
    [way] = re.findall(r'action="(/uploads/again[^"]*)"', page)
    visitor.post(html.unescape(way))
    assert [each.key for each in place.queue.sent_uploads()] == [MEAN]


def test_a_files_page_does_not_look_into_the_dead_letters() -> None:
    place = stack(queue=FakeQueue(*["hello"] * 30))
    place.keep(entry("dead"))
    place.queue.receive_message = SimpleNamespace()  # type: ignore[method-assign,assignment]
    assert "dead" in words(browser(place=place), "/uploads/one", **ONE)


def test_addresses_keep_every_character() -> None:
    assert address(MEAN, "v 1") == f"/uploads/one?{urlencode({'key': MEAN, 'version': 'v 1'})}"
