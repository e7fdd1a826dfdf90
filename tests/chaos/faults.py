"""What can go wrong: each kind as a context, at whose end it is right again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.chaos.messages import events_so_far, send_mixed, take_all
from tests.chaos.plan import MOODS, Fault
from tests.chaos.site import Site
from tests.chaos.workers import kill_workers
from tests.integration.support import CONFIG_KEY, NOT_YET, eventually

SECRET_ID = "local/quillgate/sftp/watchdog"
BROKEN_ROUTES = b'[[route]]\nproject = "x"\ndirectry = "y"\n'
REPLAYED = 40
# How often each message is sent on: one of these.
COPIES = {"lost": [0, 0, 1], "doubled": [1, 2, 3], "reordered": [1]}


@contextmanager
def quill_fails(site: Site, fault: Fault) -> Iterator[None]:
    """Quill is in a mood for one project, for so many calls."""
    project = site.users[fault.lane].name
    site.quill.order_fault(**MOODS[fault.how], times=fault.times, project=project)
    yield


@contextmanager
def workers_die(site: Site, _: Fault) -> Iterator[None]:
    """Every process that runs the watchdog is killed, whatever it does."""
    site.count("(workers killed)", kill_workers(site.environment))
    yield


@contextmanager
def notifications_are_gone(site: Site, _: Fault) -> Iterator[None]:
    """Nobody is told of what is stored meanwhile."""
    s3, bucket = site.client("s3"), site.environment.bucket
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    found.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=found)


@contextmanager
def messages_go_astray(site: Site, fault: Fault) -> Iterator[None]:
    """The watchdog is held; what has gathered is sent on with losses, twice, or out of order."""
    functions = site.client("lambda")
    (mapping,) = functions.list_event_source_mappings(
        FunctionName=f"{site.environment.stack_name}-watchdog"
    )["EventSourceMappings"]

    def enable(on: bool) -> None:
        busy = (functions.exceptions.ResourceInUseException, *NOT_YET)
        eventually(
            lambda: functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on),
            not_yet=busy,
        )

    enable(False)
    try:
        yield
    finally:
        chance, bodies = random.Random(fault.dice), take_all(site)
        copies = COPIES[fault.how]
        out = [body for body in bodies for _ in range(chance.choice(copies))]
        site.count("(messages taken)", len(bodies))
        send_mixed(site, out, chance)
        enable(True)


@contextmanager
def events_come_again(site: Site, fault: Fault) -> Iterator[None]:
    """Events of earlier uploads come three times more, in no order."""
    chance, events = random.Random(fault.dice), list(events_so_far(site))
    some = chance.sample(events, min(REPLAYED, len(events)))
    site.count("(events sent again)", send_mixed(site, some * 3, chance))
    yield


@contextmanager
def routes_change(site: Site, fault: Fault) -> Iterator[None]:
    """`watchdog.config` in other words, or broken, or gone."""
    s3, where = site.client("s3"), {"Bucket": site.environment.bucket, "Key": CONFIG_KEY}
    good = s3.get_object(**where)["Body"].read()
    if fault.how == "missing":
        s3.delete_object(**where)
    else:
        broken = fault.how == "broken"
        s3.put_object(**where, Body=BROKEN_ROUTES + good if broken else _reordered(good))
    try:
        yield
    finally:
        s3.put_object(**where, Body=good)


@contextmanager
def secret_changes(site: Site, fault: Fault) -> Iterator[None]:
    """What the watchdog knows of Quill is wrong."""
    secrets = site.client("secretsmanager")
    right = secrets.get_secret_value(SecretId=SECRET_ID)["SecretString"]
    wrong = {
        "wrong token": json.dumps({**json.loads(right), "token": "mistyped"}),
        "no JSON": right[:-2],
        "nobody there": json.dumps({**json.loads(right), "quill_url": "http://127.0.0.1:9"}),
    }[fault.how]
    secrets.put_secret_value(SecretId=SECRET_ID, SecretString=wrong)
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=SECRET_ID, SecretString=right)


KINDS: dict[str, Callable[[Site, Fault], AbstractContextManager[None]]] = {
    "Quill": quill_fails,
    "workers": workers_die,
    "notifications": notifications_are_gone,
    "messages": messages_go_astray,
    "events": events_come_again,
    "routes": routes_change,
    "secret": secret_changes,
}


def _reordered(routes: bytes) -> bytes:
    """The same routes from the last to the first, with a remark."""
    head, *tables = routes.split(b"[[route]]")
    return b"# in other words\n" + head + b"".join(b"\n[[route]]" + t for t in reversed(tables))
