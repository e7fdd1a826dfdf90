"""Dead letters: why they are there, one put back, all put back; and what is no upload stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.console.person import Person
from tests.integration.support import Environment, Quill, upload


def given_up(person: Person, environment: Environment, quill: Quill, *paths: str) -> list[str]:
    """Files that Quill did not take, each at both tries, and whose messages are seen as dead."""
    user = environment.routed_user()
    quill.order_fault(
        status=503, times=2 * len(paths), body="closed for stock-taking", project=user.name
    )
    keys = [upload(environment, user, path) for path in paths]
    person.open("/dead-letters")
    person.reload_until(lambda: person.has(*keys))
    return keys


@pytest.mark.parametrize("has_javascript", [True, False])
def test_one_is_put_back(
    visit: Visit, environment: Environment, quill: Quill, *, has_javascript: bool
) -> None:
    person = visit("operator", java_script_enabled=has_javascript)
    first, second = given_up(
        person, environment, quill, "incoming/<b>a</b>.csv", "incoming/q3 'b'+é.csv"
    )
    row = person.page.get_by_role("row").filter(has_text=first)
    expect(row).to_contain_text("closed for stock-taking")
    row.get_by_role("button").click()
    person.is_told("It is on its way again")
    assert quill.accepted(first)["attempts"] == 3
    person.reload_until(lambda: person.has(second))
    person.open(f"/uploads?user={first.partition('/')[0]}&state=dead")
    person.sees(second.rpartition("/")[2])
    person.open("/changes")
    expect(person.page.get_by_role("row").nth(1)).to_contain_text(first)


def test_all_are_put_back_once_that_is_confirmed(
    visit: Visit, environment: Environment, quill: Quill
) -> None:
    person = visit("operator")
    keys = given_up(person, environment, quill, "incoming/a.csv", "incoming/b.csv")
    person.follow("Put all back")
    person.follow("Leave them")
    person.reload_until(lambda: person.has(*keys))
    person.follow("Put all back")
    person.page.get_by_role("button", name="back").click()
    for key in keys:
        assert quill.accepted(key)["attempts"] == 3
    person.open("/dead-letters")
    person.reload_until(lambda: _has_none(person, *keys))


def test_what_is_no_upload_is_shown_as_text_and_stays(
    visit: Visit, environment: Environment
) -> None:
    person, sqs = visit("operator"), environment.client("sqs")
    queue = environment.dead_letter_queue_url
    sqs.send_message(QueueUrl=queue, MessageBody="<script>document.title = 'taken'</script>")
    person.open("/dead-letters")
    person.reload_until(lambda: person.has("<script>document.title"))
    row = person.page.get_by_role("row").filter(has_text="<script>")
    expect(row.get_by_role("button")).to_have_count(0)
    person.open("/dead-letters/all")
    person.page.get_by_role("button", name="back").click()
    person.open("/dead-letters")
    person.reload_until(lambda: person.has("<script>document.title"))
    # So that no other test meets it: as an operator deletes what the console cannot use.
    sqs.purge_queue(QueueUrl=queue)


def test_support_staff_look_and_put_nothing_back(
    visit: Visit, environment: Environment, quill: Quill
) -> None:
    operator, support = visit("operator"), visit("support")
    (key,) = given_up(support, environment, quill, "incoming/a.csv")
    expect(support.content.get_by_role("button")).to_have_count(0)
    support.open("/dead-letters/all", status=403)
    assert support.post("/dead-letters/all") == 403
    operator.open("/dead-letters")
    operator.reload_until(lambda: operator.has(key))


def _has_none(person: Person, *texts: str) -> None:
    shown = person.content.inner_text()
    assert not [text for text in texts if text in shown]
