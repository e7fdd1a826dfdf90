"""The console's uploads and health over HTTP: what is seen there, and what an order does."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.integration.support import Environment, NewUser, Quill, eventually, quillgate, upload
from tests.integration.visitor import Visitor, visitor

# Its sign-in is local: a deployed console has another.
pytestmark = pytest.mark.embedded
NAME = "incoming/<b>q3</b> 'é+%\".csv"


@pytest.fixture
def support(environment: Environment) -> Iterator[Visitor]:
    with visitor(environment, "support") as found:
        yield found


@pytest.fixture
def operator(environment: Environment) -> Iterator[Visitor]:
    with visitor(environment, "operator") as found:
        yield found


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    """A user whose every file is routed to the project of the same name."""
    return environment.routed_user()


def one(key: str, **version: str) -> str:
    return f"/uploads/one?{urlencode({'key': key, **version})}"


def await_state(who: Visitor, key: str, state: str) -> str:
    """The file's page, once it says so."""

    def look() -> str:
        page = who.see("/uploads/one", key=key)
        assert f" {state} " in page.partition("Changes ")[2], page
        return page

    return eventually(look, not_yet=(AssertionError,))


def test_an_upload_is_seen_from_its_login_to_its_story(
    environment: Environment, support: Visitor, customer: NewUser, quill: Quill
) -> None:
    key = upload(environment, customer, NAME)
    quill.accepted(key)

    def rows() -> str:
        shown = support.see("/uploads/rows", user=customer.name)
        assert "accepted delivered, and the answer is back" in shown
        return shown

    assert NAME.rpartition("/")[2] in eventually(rows)
    page = support.see("/uploads", user=customer.name, key=f"/{NAME}")
    assert f"{customer.name} logged in from" in page
    assert "accepted at attempt 1" in page
    assert "cannot be delivered again: it is accepted" in page


def test_support_staff_have_a_rejected_file_delivered_again(
    environment: Environment, support: Visitor, customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(status=422, times=1, body="no column 'amount'", project=customer.name)
    key = upload(environment, customer, NAME)
    assert "no column 'amount'" in await_state(support, key, "rejected")
    assert key.rpartition("/")[2] in support.see("/uploads", state="rejected", user=customer.name)
    done = support.order("/uploads/again", at=one(key))
    assert "It is on its way again." in done
    await_state(support, key, "accepted")
    assert quill.notification(key)["attempts"] == 2
    assert "redrive" in support.see("/changes", about=key)


def test_what_nobody_can_deliver_is_settled_by_an_operator_or_by_the_command(
    environment: Environment, operator: Visitor, target: list[str]
) -> None:
    user = environment.new_user()
    environment.add_route(
        f'project = "{user.name}"\ndirectory = "{user.home}/incoming"\n'
        f'stories = "{user.home}/outgoing"\ncomplete = "proof"'
    )
    s3, names = environment.client("s3"), ("gone 1.csv", "gone 2.csv")
    keys = [f"{user.home}/incoming/{name}" for name in names]
    for key in keys:  # not over SFTP: nobody ever says that they are whole
        s3.put_object(Bucket=environment.bucket, Key=key, Body=b"n")
        await_state(operator, key, "waiting")
    version = s3.head_object(Bucket=environment.bucket, Key=keys[0])["VersionId"]
    s3.delete_object(Bucket=environment.bucket, Key=keys[0], VersionId=version)

    page = one(keys[0], version=version)
    assert "cannot be delivered again: the file itself is no longer kept" in operator.see(page)
    done = operator.order("/uploads/dismiss", at=page, why="the customer gave up")
    assert "dismissed by" in done
    assert ": the customer gave up" in done

    command = quillgate("redrive", "--key", keys[1], "--dismiss", "sent twice", *target)
    assert command.returncode == 0, command.stderr
    assert "was waiting" in command.stdout
    waiting = operator.see("/uploads", state="waiting")
    assert not any(name in waiting for name in names)
    for key in keys:
        assert "dismiss" in operator.see("/changes", about=key)


def test_the_health_page_knows_customers_and_what_needs_somebody(
    environment: Environment, support: Visitor
) -> None:
    user = environment.new_user()
    key = upload(environment, user, "nowhere/a.csv")
    await_state(support, key, "unrouted")
    page = support.see("/health")
    assert "in force" in page
    assert "nobody has said where files of this folder go" in page
    assert "Customers" in page


def test_viewers_may_look_and_no_more(environment: Environment) -> None:
    with visitor(environment, "viewer") as viewer:
        for path in ("/uploads", "/dead-letters", "/health"):
            assert 'action="/role"' in viewer.client.get(path).text
        token = viewer.field("csrf", at="/uploads")[0]
        order = "/uploads/again?key=a"
        assert viewer.client.post(order, data={"csrf": token}).status_code == 403
        assert viewer.client.post("/dead-letters/all", data={"csrf": token}).status_code == 403
