"""Events are lost, queues purged, everything comes again: each upload reaches Quill, once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import (
    Environment,
    Quill,
    Running,
    eventually,
    put,
    read_environment,
    spawned,
    start_environment,
    waiting,
)
from tests.integration.support import quillgate as run_quillgate

FOLDER = "testuser/incoming"
NAMES = ["q3 sales.csv", "+.csv", "é.csv", "100%.csv", "'quote'.csv", "empty.csv"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An environment whose queue and notifications nobody else needs."""
    with start_environment(tmp_path_factory.mktemp("sweep")) as running:
        yield running


def quillgate(running: Running, *words: str) -> str:
    done = run_quillgate(*words, "--state", str(running.state))
    assert done.returncode == 0, done.stderr
    return done.stdout


def upload(environment: Environment, names: list[str]) -> list[str]:
    """Put files as the test user; gives their keys."""
    with environment.sftp(environment.the_test_user) as sftp:
        for name in names:
            put(sftp, f"incoming/{name}", b"" if name == "empty.csv" else b"n\n1\n")
    return [f"{FOLDER}/{name}" for name in names]


def without_events(environment: Environment, names: list[str]) -> list[str]:
    """Upload while the bucket has no notification configuration; gives the keys."""
    s3, bucket = environment.client("s3"), environment.bucket
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)
    kept.pop("ResponseMetadata")
    assert kept["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    keys = upload(environment, names)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=kept)
    return keys


def items(environment: Environment, keys: list[str]) -> list[dict[str, Any]]:
    """Quill's items of these keys, which are all accepted and have their stories."""
    found = [it for it in Quill(environment.quill_url).notifications() if it["key"] in keys]
    assert sorted(it["key"] for it in found) == sorted(keys)
    assert {(it["status"], bool(it["story_key"])) for it in found} == {("accepted", True)}
    return found


def events(environment: Environment, keys: list[str]) -> list[str]:
    """The messages S3 would have sent."""
    pages = environment.client("s3").get_paginator("list_object_versions")
    found = [
        version
        for page in pages.paginate(Bucket=environment.bucket, Prefix=FOLDER)
        for version in page.get("Versions", ())
        if version["Key"] in keys
    ]
    assert len(found) == len(keys)
    return [json.dumps({"Records": [_record(environment.bucket, each)]}) for each in found]


def _record(bucket: str, version: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": version["LastModified"].isoformat(),
        "s3": {
            "bucket": {"name": bucket},
            "object": {
                "key": version["Key"].replace("%", "%25").replace("+", "%2B"),
                "size": version["Size"],
                "eTag": version["ETag"].strip('"'),
                "versionId": version["VersionId"],
                "sequencer": "00",
            },
        },
    }


def drained(environment: Environment) -> None:
    for url in (environment.queue_url, environment.dead_letter_queue_url):
        assert waiting(environment, url) == 0


def logged_duplicates(environment: Environment, expected: int) -> None:
    outcomes = [line.get("outcome") for line in environment.watchdog_log()]
    assert outcomes.count("duplicate") >= expected


def test_lost_events_are_found_by_one_sweep_and_replays_change_nothing(own: Running) -> None:
    environment = own.environment
    keys = without_events(environment, [*NAMES, *(f"{n}.csv" for n in range(100 - len(NAMES)))])
    assert Quill(environment.quill_url).notifications() == []
    assert quillgate(own, "sweep", "--dry-run").count("would be put back") == 100
    assert "100 lost and put back" in quillgate(own, "sweep")
    told = eventually(lambda: items(environment, keys))
    # Quill knows of the last one a moment before the ledger does.
    eventually(lambda: drained(environment))
    assert "0 lost and put back" in quillgate(own, "sweep", "--all")

    replayed = 3 * events(environment, keys)
    random.Random(5).shuffle(replayed)
    for body in replayed:
        environment.client("sqs").send_message(QueueUrl=environment.queue_url, MessageBody=body)
    eventually(lambda: drained(environment))
    eventually(lambda: logged_duplicates(environment, 300))
    assert items(environment, keys) == told, "no further item, no further call"


def test_a_purged_queue_loses_nothing(own: Running) -> None:
    """The function, as the clock runs it: what was being tried is known to the ledger."""
    environment, quill = own.environment, Quill(own.environment.quill_url)
    quill.order_fault(status=503, times=3)
    [key] = upload(environment, ["purged.csv"])
    eventually(lambda: quill.notification(key))
    environment.client("sqs").purge_queue(QueueUrl=environment.queue_url)

    def told() -> None:
        sweep(environment, grace_seconds=0, everything=True)
        assert quill.notification(key)["status"] == "accepted"

    eventually(told)
    eventually(lambda: drained(environment))
    assert sweep(environment, grace_seconds=0)["swept"] == 0


def test_the_scheduled_function_finds_what_was_lost(own: Running) -> None:
    environment = own.environment
    keys = without_events(environment, ["scheduled.csv", "scheduled too.csv"])
    assert sweep(environment)["swept"] == 0, "younger than the grace: their events may still come"
    counts = sweep(environment, grace_seconds=0)
    assert (counts["swept"], counts["is_complete"]) == (2, True)
    eventually(lambda: items(environment, keys))
    logs = environment.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{environment.stack_name}-sweep"
    )
    lines = [json.loads(it["message"]) for it in logs["events"] if it["message"].startswith("{")]
    assert {line["key"] for line in lines if line.get("outcome") == "swept"} >= set(keys)
    assert [line["Swept"] for line in lines if "Swept" in line]


def sweep(environment: Environment, **order: object) -> dict[str, Any]:
    """Invoke the function, and what it has counted."""
    answer = environment.client("lambda").invoke(
        FunctionName=f"{environment.stack_name}-sweep", Payload=json.dumps(order).encode()
    )
    counts = json.load(answer["Payload"])
    assert "FunctionError" not in answer, counts
    return dict(counts)


def test_files_moved_from_an_old_server_are_never_told(own: Running) -> None:
    environment, quill = own.environment, Quill(own.environment.quill_url)
    moved = without_events(environment, ["moved 1.csv", "moved 2.csv"])
    assert "2 marked" in quillgate(own, "sweep", "--mark-done", "--dry-run")
    assert "2 marked" in quillgate(own, "sweep", "--mark-done")
    assert "0 marked" in quillgate(own, "sweep", "--mark-done")
    assert "0 lost and put back" in quillgate(own, "sweep", "--all")
    [new] = upload(environment, ["new.csv"])
    quill.accepted(new)
    assert [it for it in quill.notifications() if it["key"] in moved] == []


def test_without_good_routes_the_last_good_ones_are_gone_by(own: Running) -> None:
    environment = own.environment
    s3, where = environment.client("s3"), {"Bucket": environment.bucket, "Key": "watchdog.config"}
    good = s3.get_object(**where)["Body"].read()
    s3.put_object(**where, Body=b"[[route]")
    try:
        keys = without_events(environment, ["broken.csv"])
        assert "1 lost and put back" in quillgate(own, "sweep")
    finally:
        s3.put_object(**where, Body=good)
    eventually(lambda: items(environment, keys))


def test_after_a_kill_only_what_has_no_outcome_is_told(tmp_path: Path) -> None:
    """Quill refused one, got one, and has not got the third: the first two are not told again."""
    with spawned(tmp_path) as process:
        first = read_environment(process)
        quill = Quill(first.quill_url)
        quill.order_fault(status=422, times=1, body="no")
        [rejected] = upload(first, ["rejected.csv"])
        eventually(lambda: quill.notification(rejected))
        [told] = upload(first, ["told.csv"])
        quill.accepted(told)
        eventually(lambda: drained(first))
        [lost] = without_events(first, ["lost.csv"])
        process.kill()
    with start_environment(tmp_path) as again:
        quill = Quill(again.environment.quill_url)
        quill.accepted(lost)
        assert "1 of 3 uploads are queued again" in (tmp_path / "up.log").read_text()
        eventually(lambda: drained(again.environment))
        assert [it["attempts"] for it in quill.notifications()] == [1, 1, 1]
