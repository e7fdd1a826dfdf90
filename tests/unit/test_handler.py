from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import UnexpectedBatchTypeError
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from botocore.exceptions import EndpointConnectionError
from sftp_watchdog import evidence, requeue
from sftp_watchdog.backoff import Backoff
from sftp_watchdog.config import Config, reporter
from sftp_watchdog.entry import Entry, Step
from sftp_watchdog.errors import SettingsError
from sftp_watchdog.events import Upload, read, records
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES, Ref
from sftp_watchdog.metrics import Metric, Metrics
from sftp_watchdog.outcome import Clerk, Outcome
from sftp_watchdog.quill import Quill
from sftp_watchdog.secret import SecretStore
from sftp_watchdog.settings import Settings
from sftp_watchdog.watchdog import Watchdog

from tests.unit.watchdog_fakes import (
    ROUTES,
    FakeBucket,
    FakeContext,
    FakeS3,
    FakeSecrets,
    FakeSqs,
    Log,
    QuillServer,
    client_error,
    quill_server,
)
from tests.unit.whole_fakes import FakeVersions, broken_off

Answer = tuple[int, dict[str, str], bytes]
DATA = Path(__file__).parents[1] / "data"
ENVIRON = {
    "BUCKET": "prod-quillgate-sftp-123456789012",
    "LEDGER_BUCKET": "l",
    "SECRET_ID": "dev/secret",
    "QUEUE_URL": "http://queue",
}
RECEIPT: Answer = (202, {}, b'{"receipt": "r-1"}')


def example(name: str) -> str:
    return (DATA / f"event_{name}.json").read_text()


def created(key: str, name: str = "ObjectCreated:Put") -> str:
    event = json.loads(example("single"))
    event["Records"][0]["eventName"] = name
    event["Records"][0]["s3"]["object"]["key"] = key
    return json.dumps(event)


def batch(*bodies: object, receives: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"m{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies)
        ]
    }


class Bench:
    """A watchdog on fakes, and a Quill on loopback."""

    def __init__(self, server: QuillServer, s3: FakeS3 | None = None) -> None:
        self.now = 0.0
        self.server = server
        self.server.answers = [RECEIPT]
        self.s3, self.sqs, self.log = s3 or FakeS3(), FakeSqs(), Log()
        self.ledger_s3 = FakeBucket()
        self.ledger = Ledger(cast("Any", self.ledger_s3), "l")
        self.secrets = FakeSecrets(json.dumps({"quill_url": server.url, "token": "t0ken"}))
        self.settings = Settings.from_environ(ENVIRON)
        self.start_anew()

    def start_anew(self) -> None:
        """A new worker, which remembers nothing."""
        self.watchdog = self._watchdog(cast("Any", self.s3), cast("Any", self.sqs))

    def _watchdog(self, s3: Any, sqs: Any) -> Watchdog:
        provider = SecretsProvider(boto3_client=cast("Any", self.secrets))
        metrics = Metrics("Quillgate", "dev-quillgate-sftp")
        report = reporter(self.log.logger, metrics)
        config = Config(s3, self.settings, self.ledger, report, clock=lambda: self.now)
        quill = Quill(SecretStore(provider, "dev/secret", 30), 5)
        return Watchdog(
            clerk=Clerk(config, self.ledger, quill, s3, self.settings.bucket, 5),
            sqs=sqs,
            queue_url="http://queue",
            backoff=Backoff(30, 900),
            max_receive_count=110,
            logger=self.log.logger,
            metrics=metrics,
        )

    def handle(
        self, *bodies: object, receives: int = 1, seconds: list[float] | None = None
    ) -> list[str]:
        """The messages that stay on the queue."""
        context = cast("Any", FakeContext(seconds or [60.0]))
        answer = self.watchdog.handle(batch(*bodies, receives=receives), context)
        return [str(item["itemIdentifier"]) for item in answer["batchItemFailures"]]

    @property
    def told(self) -> list[str]:
        """The keys Quill was told of."""
        return [json.loads(body)["key"] for _, _, body in self.server.requests]


@pytest.fixture(scope="module")
def server() -> Iterator[QuillServer]:
    with quill_server() as server:
        yield server


@pytest.fixture
def bench(server: QuillServer) -> Bench:
    server.requests.clear()
    return Bench(server)


def test_emits_the_notification_of_the_contract(bench: Bench) -> None:
    clerk = replace(bench.watchdog.clerk, bucket="dev-quillgate-sftp-000000000000")
    bench.watchdog = replace(bench.watchdog, clerk=clerk)
    assert bench.handle(example("notification")) == []
    [(_, _, body)] = bench.server.requests
    contract = json.loads((DATA / "notification.json").read_text())
    assert list(json.loads(body).items()) == list(contract.items())


def test_an_upload_is_told_and_its_outcome_logged_on_one_line(bench: Bench) -> None:
    assert bench.handle(example("single"), receives=3) == []
    [line] = bench.log.lines("upload")
    assert len(line["upload_id"]) == 64
    wanted = {"key": "acme/incoming/eu/q3 sales.csv", "outcome": "accepted", "receipt": "r-1"}
    wanted |= {"project": "acme-sales", "reason": "Quill gave a receipt"}
    assert wanted.items() <= line.items()
    assert line["attempts"] == 3
    assert bench.sqs.delays == {}


def test_a_rejection_is_an_outcome_with_quills_words(bench: Bench) -> None:
    bench.server.answers = [(422, {}, b"not a table")]
    assert bench.handle(example("single")) == []
    [line] = bench.log.lines("upload")
    assert (line["outcome"], line["reason"]) == ("rejected", "Quill: not a table")


@pytest.mark.parametrize(
    ("key", "outcome", "reason"),
    [
        ("acme/incoming/", "ignored", "a folder marker"),
        ("watchdog.config", "ignored", "the routes themselves"),
        ("acme/incoming/a.csv.filepart", "ignored", "a temporary name"),
        ("acme/outgoing/eu/a.csv.story.txt", "ignored", "a story"),
        ("acme/outgoing/a.csv", "unrouted", "no route for 'acme/outgoing/a.csv' - routes cover"),
        ("acme/misc/a.csv", "unrouted", "- routes cover 'acme/incoming'"),
    ],
)
def test_what_is_not_told_has_an_outcome_too(
    bench: Bench, key: str, outcome: str, reason: str
) -> None:
    assert bench.handle(created(key)) == []
    [line] = bench.log.lines("upload")
    assert line["outcome"] == outcome
    assert reason in line["reason"]
    assert bench.told == []


def test_names_that_are_never_routed_need_no_routes(bench: Bench) -> None:
    bench.s3.config = "broken"
    assert bench.handle(created("watchdog.config"), created("a/b.tmp"), created("a/")) == []


def test_test_events_removals_and_empty_events_are_passed_over(bench: Bench) -> None:
    removed = created("acme/incoming/a.csv", "ObjectRemoved:Delete")
    assert bench.handle(example("test"), removed, '{"Records": []}') == []
    assert [line["reason"].split(":")[0] for line in bench.log.lines("not an upload")] == [
        "s3",
        "not an upload",
        "an event without records",
    ]
    assert bench.log.lines("upload ") == []


def test_every_record_of_a_message_is_tried(bench: Bench) -> None:
    assert bench.handle(example("many"), example("mean_names")) == []
    assert len(bench.told) == 6


def test_garbage_fails_alone_and_is_logged_as_an_error(bench: Bench) -> None:
    mixed = json.dumps({"Records": [7, *json.loads(example("single"))["Records"]]})
    assert bench.handle("garbage", mixed, created("acme/incoming/b.csv")) == ["m0", "m1"]
    assert bench.told == ["acme/incoming/eu/q3 sales.csv", "acme/incoming/b.csv"]
    lines = bench.log.lines("retry")
    assert [line["level"] for line in lines] == ["ERROR", "ERROR"]
    assert [line["message_id"] for line in lines] == ["m0", "m1"]
    assert "garbage" in lines[0]["reason"]


def test_evidence_is_logged_and_a_fragment_has_its_outcome(server: QuillServer) -> None:
    s3 = FakeVersions(ROUTES, ENVIRON["BUCKET"])
    bench = Bench(server, s3)
    upload = s3.store("acme/incoming/a.csv", b"frag", 0)
    word = json.dumps(evidence.event(broken_off(upload)))
    assert bench.handle(json.dumps({"Records": [requeue.record(upload)]})) == []
    server.answers = [(503, {}, b"")]
    assert bench.handle(word) == ["m0"]
    [line] = bench.log.lines("retry")
    assert line["upload_id"] == upload.upload_id
    server.answers = [(204, {}, b"")]
    assert bench.handle(word, word) == []
    outcomes = [line["outcome"] for line in bench.log.lines("upload ")]
    assert outcomes == ["accepted", "partial", "duplicate"]
    assert [line["key"] for line in bench.log.lines("evidence")] == [upload.key] * 3


def test_an_event_of_transfers_that_is_none_fails_alone(bench: Bench) -> None:
    wrong = json.dumps({"source": "aws.transfer", "detail-type": evidence.FAILED, "detail": 7})
    other = json.dumps({"source": "aws.transfer", "detail-type": "other", "detail": {}})
    assert bench.handle(wrong, other, created("acme/incoming/a.csv")) == ["m0"]
    assert bench.told == ["acme/incoming/a.csv"]


@pytest.mark.parametrize(
    ("receives", "headers", "delay"),
    [
        (1, {}, 30),
        (3, {}, 120),
        (50, {}, 900),
        (1, {"Retry-After": "77"}, 77),
        (3, {"Retry-After": "77"}, 120),
        (1, {"Retry-After": "99999"}, 900),
    ],
)
def test_a_failed_message_comes_back_after_the_back_off(
    bench: Bench, receives: int, headers: dict[str, str], delay: int
) -> None:
    bench.server.answers = [(503, headers, b"away"), RECEIPT]
    assert bench.handle(example("single"), created("acme/incoming/b.csv"), receives=receives) == [
        "m0"
    ]
    assert bench.sqs.delays == {"m0": delay}
    [line] = bench.log.lines("retry")
    assert "outcome" not in line
    assert line["retry_in_seconds"] == delay
    assert line["key"] == "acme/incoming/eu/q3 sales.csv"
    assert line["reason"].startswith("Quill answered 503: 'away'")


def test_a_batch_that_fails_as_a_whole_is_reported_message_by_message(bench: Bench) -> None:
    bench.server.answers = [(500, {}, b"")]
    assert bench.handle(example("single"), example("single")) == ["m0", "m1"]


def test_a_back_off_that_cannot_be_set_does_not_hide_the_failure(bench: Bench) -> None:
    bench.server.answers = [(500, {}, b"")]
    bench.sqs.failure = client_error(403, "AccessDenied")
    assert bench.handle(example("single")) == ["m0"]
    assert "AccessDenied" in bench.log.lines("back-off not set")[0]["reason"]


def test_an_event_of_another_bucket_is_not_told(bench: Bench) -> None:
    foreign = created("acme/incoming/a.csv").replace("prod-quillgate", "test-quillgate")
    assert bench.handle(foreign, created("acme/incoming/b.csv")) == ["m0"]
    assert bench.told == ["acme/incoming/b.csv"]
    assert "event of another bucket" in bench.log.lines("retry")[0]["reason"]
    assert bench.s3.heads[0]["Key"] == "acme/incoming/b.csv"


@pytest.mark.parametrize("attributes", [None, {}, {"ApproximateReceiveCount": "many"}])
def test_a_message_without_a_receive_count_is_as_at_its_first(
    bench: Bench, attributes: object
) -> None:
    event = batch("garbage", example("single"))
    event["Records"][0]["attributes"] = attributes
    answer = bench.watchdog.handle(event, cast("Any", FakeContext()))
    assert [item["itemIdentifier"] for item in answer["batchItemFailures"]] == ["m0"]
    assert bench.log.lines("retry")[0]["attempts"] == 1


def test_without_its_id_a_failed_message_takes_the_batch_back(bench: Bench) -> None:
    event = batch("garbage", example("single"))
    del event["Records"][0]["messageId"]
    with pytest.raises(KeyError):
        bench.watchdog.handle(event, cast("Any", FakeContext()))
    assert len(bench.told) == 1
    assert bench.handle(example("single")) == []
    assert len(bench.told) == 1


def test_each_line_says_of_which_message_it_is(bench: Bench) -> None:
    bench.handle(example("test"), "garbage", example("single"))
    assert [line["message_id"] for line in bench.log.lines()] == ["m0", "m1", "m2"]


def test_out_of_time_the_rest_goes_back_untried(bench: Bench) -> None:
    bodies = [created(f"acme/incoming/{name}.csv") for name in "abc"]
    assert bench.handle(*bodies, receives=4, seconds=[60.0, 9.9]) == ["m1", "m2"]
    assert bench.sqs.delays == {"m1": 240, "m2": 240}
    assert bench.told == ["acme/incoming/a.csv"]
    assert "too little time left" in bench.log.lines("retry")[0]["reason"]


def test_the_token_shows_in_no_log(bench: Bench) -> None:
    bench.server.answers = [(401, {}, b"who are you?")]
    assert bench.handle(example("single")) == ["m0"]
    assert "t0ken" not in bench.log.text


def test_an_unforeseen_error_takes_no_sibling_with_it(bench: Bench) -> None:
    bench.s3.head_failure = ZeroDivisionError("a mistake of ours")
    assert bench.handle(example("single"), created("acme/incoming/x.tmp")) == ["m0"]
    assert bench.log.lines("unforeseen error")[0]["exception_name"] == "ZeroDivisionError"
    assert bench.log.lines("upload ignored")


# Who uploaded it.


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"user-agent-id": "acme@s-1234567890abcdef0"}, "acme"),
        ({"user-agent-id": "a@b.example@s-1234567890abcdef0"}, "a@b.example"),
        ({"user-agent-id": "nobody"}, None),
        ({"user-agent-id": "a/b@s-1234567890abcdef0"}, None),
        ({"user-agent-id": "a" * 1500 + "@s-1234567890abcdef0"}, None),
        ({}, None),
    ],
)
def test_the_uploader_is_in_the_objects_metadata(
    bench: Bench, metadata: dict[str, str], name: str | None
) -> None:
    bench.s3.metadata = metadata
    assert bench.handle(example("single"), example("unversioned")) == []
    assert {json.loads(body)["uploaded_by"] for _, _, body in bench.server.requests} == {name}
    assert bench.s3.heads[0]["VersionId"] == "096fKKXTRTtl3on89fVO.nfljtsv6qko"
    assert "VersionId" not in bench.s3.heads[1]


def test_a_version_that_is_gone_has_no_uploader(bench: Bench) -> None:
    bench.s3.head_failure = client_error(404)
    assert bench.handle(example("single")) == []
    assert json.loads(bench.server.requests[0][2])["uploaded_by"] is None


@pytest.mark.parametrize(
    "failure", [client_error(403), client_error(503), EndpointConnectionError(endpoint_url="s3")]
)
def test_a_missing_permission_does_not_pass_in_silence(bench: Bench, failure: Exception) -> None:
    bench.s3.head_failure = failure
    assert bench.handle(example("single")) == ["m0"]
    assert "object cannot be looked at" in bench.log.lines("retry")[0]["reason"]
    assert bench.told == []


# The routes in force.


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (None, "NoSuchKey"),
        ("[[route]]\nproject = 7\n", "line 2: project 7 is no text"),
        (b"\xff\xfe", "line 1: not UTF-8: byte 0xff"),
        (b"#" * 2_000_001, "line 1: more than 2,000,000 bytes"),
    ],
)
def test_without_good_routes_messages_stay(bench: Bench, config: str | None, reason: str) -> None:
    bench.s3.config = config
    assert bench.handle(example("single")) == ["m0"]
    assert reason in bench.log.lines("retry")[0]["reason"]
    bench.s3.config = ROUTES
    assert bench.handle(example("single"), receives=2) == []


@pytest.mark.parametrize("worse", ["broken", None, "", b"\xff", b"#" * 3_000_000])
def test_the_last_good_routes_stay_in_force(bench: Bench, worse: str | bytes | None) -> None:
    assert bench.handle(example("single")) == []
    bench.s3.config = worse
    bench.now = 31
    assert bench.handle(example("single")) == []
    [line] = bench.log.lines("the last good routes stay in force")
    assert line["level"] == "ERROR"


def test_a_new_worker_goes_by_the_last_good_routes(bench: Bench) -> None:
    bench.handle(example("single"))
    bench.s3.config = "broken"
    bench.start_anew()
    assert bench.handle(created("acme/incoming/b.csv"), created("acme/misc/a.csv")) == ["m1"]
    assert bench.told[-1] == "acme/incoming/b.csv"
    assert bench.log.lines("the last good routes stay in force")


@pytest.mark.parametrize("kept", [None, b"good for another release only"])
def test_without_last_good_routes_the_mistake_in_the_new_ones_is_told(
    bench: Bench, kept: bytes | None
) -> None:
    if kept:
        bench.ledger_s3.objects[LAST_GOOD_ROUTES] = kept
    bench.s3.config = "broken"
    assert bench.handle(example("single")) == ["m0"]
    assert "routes are broken: 'watchdog.config': line 1: not TOML" in bench.log.text


@pytest.mark.parametrize("failure", [EndpointConnectionError(endpoint_url="s3"), None])
def test_nothing_is_unrouted_while_the_routes_cannot_be_read(
    bench: Bench, failure: EndpointConnectionError | None
) -> None:
    assert bench.handle(example("single")) == []
    bench.now = 31
    bench.s3.failure, bench.s3.config = failure, "broken"
    assert bench.handle(created("acme/misc/a.csv")) == ["m0"]
    assert not bench.log.lines("upload unrouted")
    bench.s3.failure, bench.s3.config = None, ROUTES
    assert bench.handle(created("acme/misc/a.csv"), receives=2) == []
    assert bench.log.lines("upload unrouted")


def test_routes_are_kept_and_read_again_only_if_changed(bench: Bench) -> None:
    bench.handle(example("single"))
    bench.handle(example("single"))
    assert len(bench.s3.gets) == 1
    bench.now = 30
    bench.handle(example("single"))
    assert "IfNoneMatch" in bench.s3.gets[1]
    bench.s3.config = ROUTES.replace("acme-sales", "acme-new")
    bench.now = 60
    bench.handle(created("acme/incoming/new.csv"))
    assert bench.log.lines("upload")[-1]["project"] == "acme-new"


def test_a_route_stored_a_moment_ago_counts(bench: Bench) -> None:
    bench.handle(example("single"))
    bench.s3.config = ROUTES + ROUTES.replace("acme/", "beta/")
    bench.handle(created("beta/incoming/a.csv"), created("beta/outgoing/a.csv.story.txt"))
    assert [line["outcome"] for line in bench.log.lines("upload")] == ["accepted"] * 2 + ["ignored"]


# The ledger.


def entry(bench: Bench) -> Entry:
    [found] = bench.ledger.of_key("acme/incoming/eu/q3 sales.csv")
    return found


def test_an_event_that_comes_again_is_no_call_to_quill(bench: Bench) -> None:
    assert bench.handle(example("single"), example("single")) == []
    assert bench.handle(example("single")) == []
    assert len(bench.told) == 1
    assert [line["outcome"] for line in bench.log.lines("upload")] == [
        *("accepted", "duplicate", "duplicate")
    ]


def test_the_ledger_keeps_what_happened(bench: Bench) -> None:
    bench.server.answers = [(503, {}, b"away"), (500, {}, b""), RECEIPT]
    for receives in (1, 2, 3):
        bench.handle(example("single"), receives=receives)
    found = entry(bench)
    assert (found.outcome, found.receipt, found.attempts) == ("accepted", "r-1", 3)
    assert (found.uploaded_by, found.project) == ("acme", "acme-sales")
    assert [step.what for step in found.history] == ["retrying", "retrying", "accepted"]
    assert "Quill answered 503: 'away'" in found.history[0].reason
    assert list(bench.ledger.needing_attention("retrying")) == []


def test_used_up_tries_are_a_dead_letter(bench: Bench) -> None:
    bench.server.answers = [(503, {}, b"away")]
    bench.handle(example("single"), receives=110)
    assert entry(bench).outcome == "dead"
    assert len(list(bench.ledger.needing_attention("dead"))) == 1


def test_a_story_is_seen(bench: Bench) -> None:
    bench.handle(example("single"))
    for _ in range(2):
        bench.handle(created("acme/outgoing/eu/q3+sales.csv.story.txt"))
    assert entry(bench).story_key == "acme/outgoing/eu/q3 sales.csv.story.txt"
    assert [step.what for step in entry(bench).history] == ["accepted", "story"]


def test_a_story_seen_while_quill_is_told_does_not_undo_the_receipt(bench: Bench) -> None:
    upload = read(records(example("single"))[0])
    assert isinstance(upload, Upload)
    ref = Ref.of(upload.key, upload.upload_id)
    held = bench.ledger.claim(upload, "acme", 60)
    bench.ledger.update(ref, lambda entry: entry.with_story("now", Step("then", "story", "key")))
    bench.ledger.finish(held, lambda entry: entry.moved("now", "accepted", "", receipt="r-1"))
    assert [step.what for step in entry(bench).history] == ["story", "accepted"]


def test_what_a_person_orders_is_told_whatever_the_ledger_says(bench: Bench) -> None:
    bench.server.answers = [(422, {}, b"no such sheet"), RECEIPT]
    bench.handle(example("single"))
    ordered = json.loads(example("single"))
    ordered["Records"][0]["quillgate"] = {"ordered_by": "kim"}
    bench.handle(json.dumps(ordered))
    assert [step.what for step in entry(bench).history] == ["rejected", "accepted"]


def test_without_the_ledger_nobody_is_told(bench: Bench) -> None:
    bench.ledger_s3.failure = client_error(503)
    assert bench.handle(example("single"), created("acme/incoming/x.tmp")) == ["m0"]
    assert bench.told == []
    assert "ledger cannot be used" in bench.log.lines("retry")[0]["reason"]


def test_while_another_worker_is_at_it_nobody_else_is(bench: Bench) -> None:
    upload = read(records(example("single"))[0])
    assert isinstance(upload, Upload)
    bench.ledger.claim(upload, "acme", 60)
    assert bench.handle(example("single")) == ["m0"]
    assert bench.told == []
    assert entry(bench).history == ()


def test_a_worker_that_died_lets_go(bench: Bench) -> None:
    upload = read(records(example("single"))[0])
    assert isinstance(upload, Upload)
    bench.ledger.claim(upload, "acme", 0)
    assert bench.handle(example("single"), receives=2) == []
    assert entry(bench).outcome == "accepted"


# Metrics.


class Counted:
    """The lines that CloudWatch turns into metrics, as they come to standard output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def lines(self) -> list[dict[str, Any]]:
        """Those since the last look."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def values(self) -> dict[str, list[float]]:
        """What the only line since the last look counts."""
        [line] = self.lines()
        [described] = line["_aws"]["CloudWatchMetrics"]
        return {each["Name"]: line[each["Name"]] for each in described["Metrics"]}


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> Counted:
    return Counted(capsys)


def test_outcomes_are_counted_once_per_invocation(bench: Bench, counted: Counted) -> None:
    bench.handle(example("single"), created("x/y"), "garbage", created("acme/incoming/b.csv"))
    bench.handle(example("test"))
    values = counted.values()
    assert len(values.pop("SecondsToReceipt")) == 2
    assert values == {"Accepted": [1, 1], "Unrouted": [1], "Retried": [1]}


def test_metrics_have_the_stack_as_their_only_dimension(bench: Bench, counted: Counted) -> None:
    """Each time: an alarm matches the exact set of dimensions and no other."""
    bench.handle(example("single"))
    bench.handle(example("single"))
    for line in counted.lines():
        [described] = line["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == "Quillgate"
        assert described["Dimensions"] == [["Stack"]]
        assert line["Stack"] == "dev-quillgate-sftp"


def test_every_outcome_has_a_metric() -> None:
    outcomes = get_args(get_type_hints(Outcome)["outcome"])
    assert outcomes
    assert {outcome.capitalize() for outcome in outcomes} <= set(Metric)


def test_seconds_to_receipt_count_from_the_upload_on(bench: Bench, counted: Counted) -> None:
    uploaded = datetime.now(UTC) - timedelta(seconds=90)
    event = json.loads(example("single"))
    event["Records"][0]["eventTime"] = uploaded.isoformat(timespec="milliseconds")
    bench.handle(json.dumps(event))
    [seconds] = counted.values()["SecondsToReceipt"]
    assert 89 < seconds < 150


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_a_person_must_change_is_counted_as_a_mistake(
    bench: Bench, counted: Counted, status: int
) -> None:
    bench.server.answers = [(status, {}, b"")]
    bench.handle(example("single"))
    assert counted.values() == {"Retried": [1], "Misconfigured": [1]}


@pytest.mark.parametrize("status", [500, 503, 429, 302])
def test_a_quill_that_is_away_is_no_mistake(bench: Bench, counted: Counted, status: int) -> None:
    bench.server.answers = [(status, {}, b"")]
    bench.handle(example("single"))
    assert counted.values() == {"Retried": [1]}


@pytest.mark.parametrize(
    ("failure", "is_mistake"),
    [
        (client_error(403, "AccessDenied"), True),
        (client_error(404, "NoSuchBucket"), True),
        (client_error(503, "SlowDown"), False),
        (client_error(400, "RequestTimeout"), False),
        (EndpointConnectionError(endpoint_url="s3"), False),
    ],
)
def test_s3_that_refuses_is_a_mistake_and_s3_that_is_away_is_none(
    bench: Bench, counted: Counted, failure: Exception, is_mistake: bool
) -> None:
    bench.s3.failure = failure
    assert bench.handle(example("single")) == ["m0"]
    assert ("Misconfigured" in counted.values()) is is_mistake


def test_a_missing_permission_is_a_mistake(bench: Bench, counted: Counted) -> None:
    bench.s3.head_failure = client_error(403)
    bench.handle(example("single"))
    bench.ledger_s3.failure, bench.s3.head_failure = client_error(403, "AccessDenied"), None
    bench.handle(example("single"))
    for line in counted.lines():
        assert line["Misconfigured"]


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"quill_url": "http://q", "token": "with a\nline"}']
)
def test_a_missing_or_broken_secret_is_a_mistake(bench: Bench, counted: Counted, text: str) -> None:
    bench.secrets.text = text
    assert bench.handle(example("single")) == ["m0"]
    assert counted.values() == {"Retried": [1], "Misconfigured": [1]}


def test_broken_routes_are_a_mistake_even_if_the_last_good_ones_stay(
    bench: Bench, counted: Counted
) -> None:
    bench.handle(example("single"))
    counted.lines()
    bench.s3.config, bench.now = "broken", 31
    bench.handle(created("acme/incoming/b.csv"))
    values = counted.values()
    assert (values["Accepted"], values["Misconfigured"]) == ([1], [1])


@pytest.mark.parametrize("event", [{}, {"Records": 7}, {"Records": [{}]}, {"Records": ["x"]}])
def test_what_is_no_batch_fails_as_a_whole(bench: Bench, event: dict[str, Any]) -> None:
    with pytest.raises((UnexpectedBatchTypeError, LookupError, TypeError)):
        bench.watchdog.handle(event, cast("Any", FakeContext()))


# Settings and back-off.


def test_settings_have_good_defaults() -> None:
    found = Settings.from_environ(ENVIRON | {"STACK_NAME": " "})
    assert (found.ledger_bucket, found.stack_name) == ("l", "quillgate")
    assert (found.retry_base_seconds, found.retry_max_seconds) == (30, 900)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BUCKET", "", "missing environment variable: 'BUCKET'"),
        ("RETRY_BASE_SECONDS", "x", "RETRY_BASE_SECONDS is no number: 'x'"),
        ("RETRY_BASE_SECONDS", "-1", "no number"),
        ("RETRY_MAX_SECONDS", "43201", "RETRY_MAX_SECONDS is out of range"),
        ("QUILL_TIMEOUT_SECONDS", "0", "use 1 to"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.from_environ(ENVIRON | {name: value})


def test_the_back_off_doubles_up_to_its_cap() -> None:
    backoff = Backoff(30, 900)
    assert [backoff.delay(n) for n in (0, 1, 2, 3, 4, 5, 6, 10**9)] == [
        30,
        30,
        60,
        120,
        240,
        480,
        900,
        900,
    ]
    assert [backoff.delay(1, asked) for asked in (None, 0, 31, 10**9)] == [30, 30, 31, 900]
