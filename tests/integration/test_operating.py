"""What an operator sees and orders: `quillgate status`, `trace` and `redrive`."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.support import (
    Environment,
    NewUser,
    Quill,
    Running,
    eventually,
    quillgate,
    start_environment,
    upload,
    waiting,
)
from tests.integration.visitor import visitor


def run(*words: str) -> str:
    """Run `quillgate`; gives what it prints. It must end well."""
    done = quillgate(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def last_version(target: list[str], key: str) -> dict[str, Any]:
    """What `trace` knows of the newest version."""
    return dict(json.loads(run("trace", key, "--json", *target))["versions"][-1])


def whats(version: dict[str, Any], where: str) -> list[str]:
    return [moment["what"] for moment in version["moments"] if moment["where"] == where]


def await_outcome(target: list[str], key: str, outcome: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        version = last_version(target, key)
        assert version["outcome"] == outcome, version
        return version

    return eventually(look)


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    """A user whose every file is routed to the project of the same name."""
    return environment.routed_user()


def test_a_trace_shows_two_failures_and_then_success(
    environment: Environment, target: list[str], customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(status=503, times=2, project=customer.name)
    key = upload(environment, customer)
    item = quill.accepted(key)
    with environment.sftp(customer) as sftp:
        sftp.open(item["story_key"].removeprefix(f"{customer.home}/")).read()

    def fetched() -> dict[str, Any]:
        version = last_version(target, key)
        # The log has the download last.
        assert "fetched the story" in version["moments"][-1]["what"]
        return version

    version = eventually(fetched)
    assert (version["outcome"], version["attempts"]) == ("accepted", 3)
    first, second, third = whats(version, "watchdog")
    assert first.startswith("attempt 1 failed: Quill answered 503")
    assert second.startswith("attempt 2 failed: Quill answered 503")
    assert third == f"accepted at attempt 3: {item['receipt']}"
    login, opened, closed, _ = whats(version, "SFTP")
    assert login.startswith(f"{customer.name} logged in from")
    assert (opened, closed) == ("OPEN 'a.csv'", "CLOSE 'a.csv', 4 bytes")
    assert whats(version, "S3") == ["stored, 4 bytes"]
    assert whats(version, "story") == [f"delivered: {item['story_key']!r}"]
    times = [moment["at"] for moment in version["moments"]]
    assert times == sorted(times)


def test_a_trace_fits_a_screen_and_shows_the_last_three_versions(
    environment: Environment, target: list[str], customer: NewUser
) -> None:
    for _ in range(4):
        key = upload(environment, customer)
    await_outcome(target, key, "accepted")
    environment.client("s3").delete_object(Bucket=environment.bucket, Key=key)
    lines = run("trace", key, *target).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    heads = [line for line in lines if line.startswith("version ")]
    assert len(heads) == 3
    assert heads[-1].endswith("a deletion")
    assert any("older versions are left out" in line for line in lines)
    assert run("trace", key, "--all", *target).count("\nversion ") == 5


def test_a_hostile_name_is_traced_and_harms_no_terminal(
    environment: Environment, target: list[str], customer: NewUser
) -> None:
    key = upload(environment, customer, "incoming/q3 50%+é'\"\u009b31m\u202e.csv")
    await_outcome(target, key, "accepted")
    shown = run("trace", key, *target)
    assert "q3 50%+é" in shown
    assert all(line.isprintable() for line in shown.splitlines())


def test_an_unknown_key_is_an_error_that_names_what_is_near(
    environment: Environment, target: list[str], customer: NewUser
) -> None:
    upload(environment, customer, "incoming/orders.csv")
    done = quillgate("trace", f"{customer.home}/incoming/order.csv", *target)
    assert done.returncode == 1
    assert f"near it: '{customer.home}/incoming/orders.csv'" in done.stderr


def test_a_rejected_upload_is_told_again_when_a_person_orders_it(
    environment: Environment, target: list[str], customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(status=422, times=1, body="no column 'amount'", project=customer.name)
    key = upload(environment, customer)
    await_outcome(target, key, "rejected")
    assert "put back: 1 (0 from the dead-letter queue, 1 from" in run(
        "redrive", "--key", key, *target
    )
    steps = whats(await_outcome(target, key, "accepted"), "watchdog")
    assert [step.partition(" ")[0] for step in steps] == ["rejected:", "retrying:", "accepted"]
    assert "put back by" in steps[1]
    again = run("redrive", "--key", key, *target)
    assert f"not told again: {key!r}" in again
    assert quill.accepted(key)["attempts"] == 2


def test_status_counts_what_needs_attention(
    environment: Environment, target: list[str], customer: NewUser
) -> None:
    key = f"{customer.home}/nowhere/{uuid.uuid4()}.csv"
    environment.client("s3").put_object(Bucket=environment.bucket, Key=key, Body=b"")
    await_outcome(target, key, "unrouted")
    found = json.loads(run("status", "--json", *target))
    states = {each["state"]: each for each in found["attention"]}
    assert states["unrouted"]["count"]["number"] >= 1
    assert states["unrouted"]["oldest"]["outcome"] == "unrouted"
    assert found["week"]["number"] >= 1, "not of today: a day may just have begun"
    assert found["routes"] >= 1
    assert found["stack"] == environment.stack_name
    shown = run("status", *target)
    assert re.search(r"^unrouted +\d+, oldest \d+ \w+ ago: '", shown, re.MULTILINE)
    assert all(len(line) <= 100 for line in shown.splitlines())


@pytest.fixture(scope="module")
def soon_dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An environment that gives up after two tries, with a dead-letter queue of its own."""
    short = ("--parameter", "MaxReceiveCount=2", "--parameter", "RetryMaxSeconds=1")
    with start_environment(tmp_path_factory.mktemp("dead"), *short) as running:
        yield running


def test_dead_letters_are_redriven(soon_dead: Running) -> None:
    own, quill = soon_dead.environment, Quill(soon_dead.environment.quill_url)
    target, user, sqs = ["--state", str(soon_dead.state)], own.routed_user(), own.client("sqs")
    quill.order_fault(status=503, times=4, project=user.name)
    keys = [upload(own, user, name) for name in ("incoming/a b.csv", "incoming/c+d.csv")]
    dead = own.dead_letter_queue_url
    eventually(lambda: _assert_depth(own, dead, len(keys)))
    for key in keys:
        assert "on the dead-letter queue" in " ".join(last_version(target, key)["remarks"])
    sqs.send_message(QueueUrl=dead, MessageBody="not \u202e an event")

    # None of them is so new, and all are visible again at once.
    far = "2999-01-01T00:00"
    assert "put back: 0" in run("redrive", "--since", far, *target)
    assert json.loads(run("status", "--json", *target))["dead_letters"] == 3

    told = run("redrive", "--since", "1h", *target)
    assert "put back: 2 (2 from the dead-letter queue, 0 from" in told
    assert "1 messages that are no uploads" in told
    assert "\u202e" not in told
    for key in keys:
        quill.accepted(key)
        assert await_outcome(target, key, "accepted")["attempts"] == 3
    eventually(lambda: _assert_depth(own, dead, 1))

    assert "put back: 0" in run("redrive", *target)
    sqs.purge_queue(QueueUrl=dead)
    assert [quill.notification(key)["attempts"] for key in keys] == [3, 3]


def test_what_was_purged_from_the_dead_letter_queue_is_redriven_all_the_same(
    soon_dead: Running,
) -> None:
    own, quill = soon_dead.environment, Quill(soon_dead.environment.quill_url)
    target, user, sqs = ["--state", str(soon_dead.state)], own.routed_user(), own.client("sqs")
    quill.order_fault(status=503, times=2, project=user.name)
    key = upload(own, user)
    await_outcome(target, key, "dead")
    eventually(lambda: _assert_depth(own, own.dead_letter_queue_url, 1))
    sqs.purge_queue(QueueUrl=own.dead_letter_queue_url)
    assert "0 from the dead-letter queue, 1 from the ledger" in run("redrive", *target)
    assert quill.accepted(key)["attempts"] == 3
    assert "put back: 0" in run("redrive", *target)


def test_dead_letters_are_put_back_at_the_console(soon_dead: Running) -> None:
    own, quill = soon_dead.environment, Quill(soon_dead.environment.quill_url)
    user, sqs, dead = own.routed_user(), own.client("sqs"), own.dead_letter_queue_url
    quill.order_fault(status=503, times=6, project=user.name)
    keys = [upload(own, user, f"incoming/{name}.csv") for name in ("a b", "c+d", "<b>")]
    eventually(lambda: _assert_depth(own, dead, len(keys)))
    sqs.send_message(QueueUrl=dead, MessageBody="no <b>event</b>")
    with visitor(own, "operator") as operator:
        page = operator.see("/dead-letters")
        assert all(key in page for key in keys)
        assert "Quill answered 503" in page
        assert "No upload. Its text: no <b>event</b>" in page
        told = operator.order("/dead-letters/one", at="/dead-letters")
        assert "It is on its way again." in told
        # Nothing stays hidden: the rest is all there at once.
        assert "About 3 are there" in operator.see("/dead-letters/all")
        told = operator.order("/dead-letters/all", at="/dead-letters/all")
        assert "Put back: 2. 1 are no uploads and stay." in told
        for key in keys:
            quill.accepted(key)
        assert "put back" in operator.see("/changes", about="dead letters")
    eventually(lambda: _assert_depth(own, dead, 1))
    sqs.purge_queue(QueueUrl=dead)


def _assert_depth(own: Environment, url: str, messages: int) -> None:
    assert waiting(own, url) == messages
