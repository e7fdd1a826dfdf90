"""Uploads as support staff follow them: live, found, delivered again; whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visit
from tests.integration.support import Environment, NewUser, Quill, upload

ATTACK = "<img src=x onerror=document.title='taken'>.csv"
NAMES = [ATTACK, "q3 'a' \"b\" 50%+é #1?&amp;.csv", "x' onmouseover='alert(1)' y=\"z.csv"]


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    """Whose files are routed to a project of the same name."""
    return environment.routed_user()


@pytest.fixture
def rejected(environment: Environment, customer: NewUser, quill: Quill) -> Iterator[str]:
    """The key of a file that Quill did not want, once."""
    quill.order_fault(status=422, times=1, body="no column 'amount'", project=customer.name)
    yield upload(environment, customer, f"incoming/{ATTACK}")
    assert [each["fired"] for each in quill.faults(customer.name)] == [1]


def test_updates_are_paused_and_go_on(visit: Visit) -> None:
    person = visit("viewer")
    person.page.clock.install()
    person.open("/uploads")
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    person.press("Pause updates")
    person.page.clock.run_for(30_000)
    assert "/uploads/rows" not in asked
    button = person.page.get_by_role("button", name="Pause updates")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    with person.page.expect_response("**/uploads/rows*"):
        person.page.clock.run_for(10_000)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_whatever_it_is(
    visit: Visit, environment: Environment, customer: NewUser, quill: Quill, name: str
) -> None:
    person, key = visit(), upload(environment, customer, f"incoming/{name}")
    quill.accepted(key)
    for path in (f"/uploads?user={customer.name}", f"/customers/{customer.name}"):
        person.open(path)
        person.reload_until(lambda: person.has("accepted"))
        expect(person.content.locator("img")).to_have_count(0)
        person.page.get_by_role("link", name=name).hover()
    person.page.get_by_role("link", name=name).click()
    expect(person.page).to_have_title(f"{name} - Quillgate")
    person.sees(f"{customer.home}/outgoing")


def test_what_was_rejected_is_delivered_again(
    visit: Visit, customer: NewUser, rejected: str, quill: Quill
) -> None:
    person = visit()
    person.open(f"/uploads?user={customer.name}&state=rejected")
    person.reload_until(lambda: person.has(ATTACK))
    person.follow(ATTACK)
    person.sees("no column 'amount'")
    person.press("Deliver again")
    person.is_told("It is on its way again")
    person.reload_until(lambda: person.has("cannot be delivered again"))
    assert quill.accepted(rejected)["attempts"] == 2
    person.follow("Changes made by hand")
    row = person.page.get_by_role("row").nth(1)
    expect(row).to_contain_text(f"redrive {rejected}")
    expect(row).to_contain_text("as support, console")
    expect(row.locator("del")).to_contain_text(["rejected"])


def test_a_file_is_found_without_javascript(
    visit: Visit, environment: Environment, customer: NewUser, quill: Quill
) -> None:
    person = visit("viewer", java_script_enabled=False)
    key = upload(environment, customer, "incoming/eu/q3 sales+é.csv")
    quill.accepted(key)
    person.open("/uploads")
    person.fill("File", "incoming/eu/q3 sales+é.csv")
    person.fill("Customer", customer.name)
    person.press("Show")
    person.sees(f"{customer.home}/incoming/eu")
    person.open("/uploads")
    person.fill("File", f"{key}x")
    person.press("Show")
    person.is_warned("no upload")
    expect(person.page.get_by_role("alert")).to_be_focused()
    expect(person.field("File")).to_have_value(f"{key}x")


def test_what_nobody_can_deliver_is_settled_by_an_operator_who_says_why(
    visit: Visit, environment: Environment
) -> None:
    support, operator, user = visit("support"), visit("operator"), environment.new_user()
    key = f"{user.home}/misc.csv"
    environment.client("s3").put_object(Bucket=environment.bucket, Key=key, Body=b"n")
    support.open("/uploads?state=unrouted")
    support.reload_until(lambda: support.has(user.home))
    row = support.page.get_by_role("row").filter(has_text=user.home)
    row.get_by_role("link", name="misc.csv").click()
    expect(support.page.get_by_role("button", name="Settle for good")).to_have_count(0)
    operator.open(support.page.url)
    operator.press("Settle for good")
    # The browser itself asks for the reason.
    expect(operator.field("Why")).to_be_focused()
    operator.fill("Why", "a test file, <b>not</b> to be delivered")
    operator.press("Settle for good")
    operator.is_told("It is settled")
    operator.sees("a test file, <b>not</b> to be delivered")
    operator.follow("Changes made by hand")
    operator.sees("as operator, console")


def test_health_leads_to_what_needs_somebody(
    visit: Visit, customer: NewUser, rejected: str
) -> None:
    person = visit("viewer")
    person.open(f"/uploads?user={customer.name}")
    person.reload_until(lambda: person.has("rejected"))
    person.open("/health")
    person.sees(re.compile("Last sweep"))
    person.follow("rejected")
    expect(person.page).to_have_url(re.compile("state=rejected$"))
    person.sees(rejected.rpartition("/")[2])
