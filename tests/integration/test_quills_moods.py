"""Quill fails, refuses, disappears: nothing is lost, nothing is done twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration import bad_quill
from tests.integration.support import (
    Environment,
    NewUser,
    Quill,
    eventually,
    start_environment,
    upload,
    waiting,
)

SECRET_ID = "local/quillgate/sftp/watchdog"


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    """A user whose every file is routed to the project of the same name."""
    return environment.routed_user()


def history(environment: Environment, key: str) -> list[dict[str, Any]]:
    """The steps of the only upload of a key, as the ledger has them."""
    s3, bucket = environment.client("s3"), environment.ledger_bucket
    folder = f"entries/{hashlib.sha256(key.encode()).hexdigest()[:32]}/"
    (entry,) = s3.list_objects_v2(Bucket=bucket, Prefix=folder)["Contents"]
    kept = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
    return list(json.loads(kept)["history"])


def fired(quill: Quill, user: NewUser) -> list[tuple[int, int]]:
    return [(fault["ordered"], fault["fired"]) for fault in quill.faults(user.name)]


def test_an_outage_ends_in_one_delivery(
    environment: Environment, customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(status=503, times=3, project=customer.name)
    key = upload(environment, customer)
    item = quill.accepted(key)
    assert item["attempts"] == 4
    assert fired(quill, customer) == [(3, 3)]
    stories = environment.client("s3").list_object_versions(
        Bucket=environment.bucket, Prefix=f"{customer.home}/outgoing/"
    )
    assert len(stories["Versions"]) == 1
    # Not a look at the dead-letter queue: other tests put messages there.
    assert "dead" not in [step["what"] for step in history(environment, key)]


NO_RECEIPT: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502 in HTML": {"status": 502, "headers": {"Content-Type": "text/html"}, "body": "<html>"},
    "404": {"status": 404},
    "403": {"status": 403},
    "401": {"status": 401},
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "429 until who knows": {"status": 429, "headers": {"Retry-After": "soon"}},
    "200": {"status": 200, "body": "not a receipt"},
    "200 in HTML": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<html>"},
    "202 without a word": {"status": 202, "body": ""},
    "202 in HTML": {"status": 202, "headers": {"Content-Type": "text/html"}, "body": "<html>"},
    "a number": {"status": 202, "body": '{"receipt": 7}'},
    "an empty receipt": {"status": 202, "body": {"receipt": ""}},
    "204": {"status": 204},
    "302": {"status": 302, "headers": {"Location": "/elsewhere"}},
    "dropped": {"drop_connection": True},
    "late": {"delay_ms": 4000},
}


@pytest.mark.parametrize("fault", NO_RECEIPT.values(), ids=NO_RECEIPT)
def test_whatever_is_no_receipt_is_tried_again(
    fault: dict[str, Any], environment: Environment, customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(times=1, project=customer.name, **fault)
    key = upload(environment, customer)

    def told_again() -> None:
        # At least: an answer that comes late may be missed twice on a slow machine.
        assert quill.accepted(key)["attempts"] >= 2

    eventually(told_again)
    assert fired(quill, customer) == [(1, 1)]
    assert len(quill.notifications(project=customer.name)) == 1


def test_retry_after_is_honoured(environment: Environment, customer: NewUser, quill: Quill) -> None:
    # Longer than the first wait without it, which is 1 s, and not more than the longest.
    quill.order_fault(status=429, headers={"Retry-After": "4"}, times=1, project=customer.name)
    key = upload(environment, customer)
    assert quill.accepted(key)["attempts"] == 2

    def both_tries() -> list[datetime]:
        steps = [each for each in history(environment, key) if each["what"] != "story"]
        assert [each["what"] for each in steps] == ["retrying", "accepted"]
        return [datetime.fromisoformat(each["at"]) for each in steps]

    refused, accepted = eventually(both_tries)
    assert accepted - refused >= timedelta(seconds=4)


def test_a_rejection_is_recorded_and_not_tried_again(
    environment: Environment, customer: NewUser, quill: Quill
) -> None:
    quill.order_fault(status=422, times=1, body="column 'amount' is missing", project=customer.name)
    key = upload(environment, customer)

    def rejected() -> None:
        assert quill.notification(key)["status"] == "rejected"
        log = [each for each in environment.watchdog_log() if each.get("key") == key]
        # Beside it there may be a line of the evidence that Transfer's event was.
        (line,) = [each for each in log if "outcome" in each]
        assert line["outcome"] == "rejected"
        assert "column 'amount' is missing" in line["reason"]

    eventually(rejected)
    # Another upload goes its way; had the first been tried again, it would have been accepted.
    quill.accepted(upload(environment, customer, "incoming/b.csv"))
    assert quill.notification(key)["attempts"] == 1
    assert [step["what"] for step in history(environment, key)] == ["rejected"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """An environment whose secret and routes may be broken without harm to other tests."""
    with start_environment(tmp_path_factory.mktemp("own")) as running:
        yield running.environment


@contextlib.contextmanager
def quill_at(own: Environment, url: str) -> Iterator[None]:
    """For a while the secret says that Quill is there."""
    secrets = own.client("secretsmanager")
    right = secrets.get_secret_value(SecretId=SECRET_ID)["SecretString"]
    moved = json.dumps({**json.loads(right), "quill_url": url})
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString=moved)
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=SECRET_ID, SecretString=right)


@pytest.mark.parametrize(
    "mood",
    [
        bad_quill.silent,
        bad_quill.dribbled_head,
        bad_quill.dribbled_body,
        bad_quill.dribbled_chunk,
        bad_quill.continues,
        bad_quill.huge_head,
        bad_quill.huge_body,
        bad_quill.broken_chunks,
        bad_quill.half_an_answer,
        bad_quill.no_http,
    ],
    ids=lambda mood: mood.__name__,
)
def test_whatever_breaks_http_is_given_up_in_time_and_tried_again(
    mood: bad_quill.Mood, own: Environment
) -> None:
    user, quill = own.routed_user(), Quill(own.quill_url)
    with bad_quill.serving(mood) as bad, quill_at(own, bad.url):
        key = upload(own, user)

        def given_up() -> None:
            # By the watchdog itself: had Lambda ended it, nobody would have written this.
            assert [each["what"] for each in history(own, key)][:1] == ["retrying"]

        eventually(given_up)
        assert bad.calls >= 1
    item = quill.accepted(key)
    assert item["attempts"] == 1
    assert waiting(own, own.dead_letter_queue_url) == 0


def test_a_receipt_is_one_whatever_its_content_type(own: Environment) -> None:
    user = own.routed_user()
    with bad_quill.serving(bad_quill.plain_text_receipt) as bad, quill_at(own, bad.url):
        key = upload(own, user)

        def accepted() -> None:
            assert [each["what"] for each in history(own, key)] == ["accepted"]

        eventually(accepted)
        assert bad.calls == 1


def test_used_up_retries_end_on_the_dead_letter_queue(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    short = ("--parameter", "MaxReceiveCount=3", "--parameter", "RetryMaxSeconds=1")
    with start_environment(tmp_path_factory.mktemp("short"), *short) as running:
        own = running.environment
        user, quill = own.routed_user(), Quill(own.quill_url)
        quill.order_fault(status=503, times=1000)
        keys = [upload(own, user, f"incoming/{number}.csv") for number in range(3)]

        def all_dead() -> None:
            assert waiting(own, own.dead_letter_queue_url) == len(keys)
            assert waiting(own, own.queue_url) == 0

        eventually(all_dead)
        assert sorted(_dead_keys(own)) == sorted(keys)
        assert [quill.notification(key)["attempts"] for key in keys] == [3, 3, 3]


def _dead_keys(own: Environment) -> Iterator[str]:
    sqs = own.client("sqs")
    got = sqs.receive_message(QueueUrl=own.dead_letter_queue_url, MaxNumberOfMessages=10)
    for message in got["Messages"]:
        for record in json.loads(message["Body"])["Records"]:
            yield record["s3"]["object"]["key"]
