"""How much of everything a month of the stack takes.

Requests to S3 were counted as the watchdog makes them: by the benchmark `watchdog_calls`, and for
Transfer's event and bytes of log in the engine's log, November 2026, embedded. A unit test holds
the counts against the code. Where AWS's side decides, the words say what is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quillgate.costs.workload import HOURS, Workload

# Parts of the stack: stack/template.yaml and `sftp_watchdog.metrics`, held against them by a test.
ALARMS, DASHBOARDS, METRICS, SECRETS = 13, 1, 12, 1
WATCHDOG_GIGABYTES, SWEEP_GIGABYTES = 256 / 1024, 1024 / 1024
SWEEPS = HOURS * 4  # SweepSchedule
SWEEP_PAGES = 1000  # SweepPages
LOG_MONTHS = 12  # LogRetentionDays
WORKERS = 5  # MaximumConcurrency
LOOK_UPS = WORKERS * HOURS * 3600 / 30  # at the most: ConfigMaxAgeSeconds

# The watchdog's requests to S3 for an upload: entry and lists; then Transfer's event, the proof.
TOLD_PUTS, TOLD_GETS = 5, 1
PROOF_PUTS = 2  # one of them is a LIST
STORY_PUTS, STORY_GETS = 1, 2
# One sweep of an empty bucket: what waits, the days, how far it is; routes and the same again.
SWEEP_PUTS, SWEEP_GETS = 7, 4
SETTLED_DAYS = 8  # how far back the ledger's days are listed, a thousand uploads a LIST

LOG_BYTES = 5000  # an upload: watchdog 2,600, Transfer 1,400, CloudWatch's 26 a line, rounded up
SWEEP_LOG_BYTES = 1500
LEDGER_BYTES = 2000  # entry, names in lists, proof
STORY_BYTES = 10_000  # assumed
PART_BYTES = 5_000_000  # the smallest S3 takes, so the most there can be
RUN_SECONDS = 0.5  # assumed: Quill's answer and a dozen calls one after the other
SWEEP_SECONDS, LISTING_SECONDS = 5, 0.1  # assumed
POLLERS, POLL_SECONDS = 5, 20  # Lambda's, on an idle queue; as commonly described
GB = 1_000_000_000


@dataclass(frozen=True)
class Use:
    """So many units of a price. `why`: how the number comes about."""

    service: str
    what: str
    price: str
    quantity: float
    why: str


def usage(work: Workload) -> Iterator[Use]:
    """All that the month takes, service by service."""
    for part in (_transfer, _storage, _requests, _queue, _functions, _watching, _keys, _network):
        yield from part(work)


def messages(work: Workload) -> float:
    """What the queue carries: S3's event and Transfer's for each upload, S3's for each story."""
    return 2 * work.uploads + work.stories


def listings(work: Workload) -> float:
    """Listings of versions in one sweep: a thousand versions each, at least one a folder."""
    kept = work.uploads * work.months_kept
    return min(work.customers + kept / 1000, SWEEP_PAGES)


def _transfer(work: Workload) -> Iterator[Use]:
    moved = work.gigabytes_per_month + work.downloaded_gigabytes
    yield Use("Transfer", "endpoint", "transfer.endpoint", HOURS, "billed when stopped, too")
    yield Use("Transfer", "files in and out", "transfer.gigabyte", moved, "up and down")
    out = work.downloaded_gigabytes
    yield Use("Internet", "files out", "internet.out", out, "nothing for what comes in")


def _storage(work: Workload) -> Iterator[Use]:
    files = (work.gigabytes_per_month + work.stories * STORY_BYTES / GB) * work.months_kept
    ledger = work.uploads * LEDGER_BYTES / GB * work.months_kept
    why = f"nothing is deleted for {work.months_kept:g} months; 10 kB a story"
    yield Use("S3", "files", "s3.storage", files, why)
    yield Use("S3", "ledger", "s3.storage", ledger, "2 kB an upload, kept as long")


def _requests(work: Workload) -> Iterator[Use]:
    uploads, stories = work.uploads, work.stories
    parts = work.gigabytes_per_month * GB / PART_BYTES
    told = uploads * (TOLD_PUTS + PROOF_PUTS) + stories * STORY_PUTS
    read = uploads * TOLD_GETS + stories * STORY_GETS + min(messages(work), LOOK_UPS)
    yield Use("S3", "watchdog, writing", "s3.put", told, "counted: 7 an upload, 1 a story")
    yield Use("S3", "watchdog, reading", "s3.get", read, "counted: 1 an upload, 2 a story; routes")
    why = "assumed: one listing an upload, parts of 5 MB; a story each"
    yield Use("S3", "users and Quill, writing", "s3.put", 2 * uploads + stories + parts, why)
    why = "assumed: each file and each story is read once"
    yield Use("S3", "users and Quill, reading", "s3.get", uploads + stories, why)
    days = SETTLED_DAYS * work.uploads_per_day / 1000
    lists = SWEEPS * (SWEEP_PUTS + days + listings(work))
    yield Use("S3", "sweep, listing", "s3.put", lists, "every 15 minutes each customer's folder")
    yield Use("S3", "sweep, reading", "s3.get", SWEEPS * SWEEP_GETS, "every 15 minutes")


def _queue(work: Workload) -> Iterator[Use]:
    polls = POLLERS * HOURS * 3600 / POLL_SECONDS
    why = "sent, received, deleted; Lambda's 5 pollers ask every 20 s"
    yield Use("SQS", "messages and polling", "sqs.request", 3 * messages(work) + polls, why)
    yield Use("EventBridge", "Transfer's events", "events.event", work.uploads, "one an upload")


def _functions(work: Workload) -> Iterator[Use]:
    runs = messages(work)
    told = runs * RUN_SECONDS * WATCHDOG_GIGABYTES
    swept = SWEEPS * (SWEEP_SECONDS + LISTING_SECONDS * listings(work)) * SWEEP_GIGABYTES
    yield Use("Lambda", "runs", "lambda.request", runs + SWEEPS, "one a message at the most")
    yield Use("Lambda", "watchdog", "lambda.second", told, "0.5 s a run, assumed")
    yield Use("Lambda", "sweep", "lambda.second", swept, "5 s and 0.1 s a listing, assumed")


def _watching(work: Workload) -> Iterator[Use]:
    logged = (work.uploads * LOG_BYTES + SWEEPS * SWEEP_LOG_BYTES) / GB
    yield Use("CloudWatch", "logs", "logs.gigabyte", logged, "5 kB an upload, counted")
    yield Use("CloudWatch", "logs kept", "logs.storage", logged * LOG_MONTHS, "a year")
    yield Use("CloudWatch", "metrics", "cloudwatch.metric", METRICS, "as if all had data always")
    yield Use("CloudWatch", "alarms", "cloudwatch.alarm", ALARMS, "the template's")
    yield Use("CloudWatch", "dashboard", "cloudwatch.dashboard", DASHBOARDS, "the template's")


def _keys(work: Workload) -> Iterator[Use]:
    calls = min(work.uploads, LOOK_UPS)
    yield Use("Secrets Manager", "secret", "secrets.secret", SECRETS, "Quill's address and token")
    yield Use("Secrets Manager", "look-ups", "secrets.call", calls, "one an upload at the most")
    if work.own_key:
        requests = 2 * work.uploads + 2 * work.stories
        why = "each file and story written and read once"
        yield Use("KMS", "key", "kms.key", 1, "of one's own")
        yield Use("KMS", "requests", "kms.request", requests, why)


def _network(work: Workload) -> Iterator[Use]:
    if work.endpoint == "vpc":
        hours = work.addresses * HOURS
        yield Use("VPC", "static addresses", "vpc.address", hours, f"{work.addresses} Elastic IPs")
