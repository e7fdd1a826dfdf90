"""What `trace` finds of a file in S3, the ledger and the server's log, and how it shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sftp_watchdog.entry import Entry, Step
from sftp_watchdog.ledger_names import Ref

from quillgate.errors import NoUploadError
from quillgate.operate import versions
from quillgate.operate.dead_letters import DeadLetters
from quillgate.operate.life import Life, Moment, VersionLife, life_of, life_of_version
from quillgate.operate.session_log import SessionLog
from quillgate.trace_command import screen
from tests.unit.operate_fakes import (
    BUCKET,
    KEY,
    NOW,
    FakeLogs,
    FakeQueue,
    FakeVersions,
    Place,
    at,
    body,
    entry,
    log,
    upload,
    version,
)
from tests.unit.watchdog_fakes import ROUTES

PATH = f"/{BUCKET}/{KEY}"
STORY = "acme/outgoing/q3 sales.csv.story.txt"


def stored(seconds: float, session: str = "s1", size: str = "7") -> list[dict[str, object]]:
    """The log of a session that puts the file."""
    return [
        log(seconds - 3, "CONNECTED", session, user="acme", source_ip="192.0.2.1"),
        log(seconds - 2, "OPEN", session, path=PATH, mode="CREATE|TRUNCATE|WRITE"),
        log(seconds, "CLOSE", session, path=PATH, bytes_in=size),
    ]


def kinds(logs: FakeLogs, seconds: float = 0, size: int = 7) -> list[tuple[str, str]]:
    found = SessionLog(logs, "group").of_upload(PATH, NOW + timedelta(seconds=seconds), size)
    return [(line.kind, line.session) for line in found]


ALL = [("CONNECTED", "s1"), ("OPEN", "s1"), ("CLOSE", "s1")]


def failed_twice() -> Entry:
    """Failed twice, was put back by a person, accepted, and its story came."""
    begun = Entry.begun(upload(), "acme", at(1), at(60))
    steps = [("retrying", "503"), ("dead", "503"), ("retrying", "put back by alice")]
    for number, (state, reason) in enumerate(steps, 2):
        begun = begun.moved(at(number), state, reason)  # type: ignore[arg-type]
    accepted = begun.moved(at(9), "accepted", "Quill gave a receipt", receipt="r-1", attempts=3)
    delivered = accepted.with_story(at(11), Step(at(10), "story", STORY))
    assert delivered is not None
    return delivered


def test_an_upload_is_found_with_its_session() -> None:
    others = [log(-1, "CLOSE", "s2", path=PATH + "x", bytes_in="7"), log(0, "MKDIR", path="/x")]
    assert kinds(FakeLogs(*others, *stored(0))) == ALL


def test_the_nearest_upload_of_that_size_is_meant() -> None:
    logs = FakeLogs(*stored(-30, "s0"), *stored(1), *stored(0, "s3", size="8"))
    assert kinds(logs) == ALL


def test_only_the_last_opening_of_a_name_counts() -> None:
    assert kinds(FakeLogs(*stored(-60), *stored(0)[1:])) == ALL


def test_a_renamed_upload_is_followed_to_its_first_name() -> None:
    first = PATH + ".filepart"
    logs = FakeLogs(
        log(-4, "CONNECTED"),
        log(-3, "OPEN", path=first, mode="CREATE|TRUNCATE|WRITE"),
        log(-2, "ERROR", path=first, operation="CLOSE", message="Failure"),
        log(0, "RENAME", path=first, new_path=PATH),
    )
    assert [kind for kind, _ in kinds(logs)] == ["CONNECTED", "OPEN", "ERROR", "RENAME"]


def test_a_large_file_closes_long_after_s3s_time() -> None:
    assert kinds(FakeLogs(*stored(3600))) == ALL


def test_what_is_no_line_of_transfer_is_passed_over() -> None:
    broken = [{**log(0, "X"), "message": text} for text in ("CONNECTED acme", "7", "")]
    assert kinds(FakeLogs(*broken, *stored(0))) == ALL


def test_without_a_log_there_is_no_session() -> None:
    logs = FakeLogs()
    logs.is_missing = True
    assert kinds(logs) == []


def test_a_download_and_a_removal_are_found() -> None:
    logs = FakeLogs(
        log(0, "CONNECTED", user="acme"),
        log(1, "CLOSE", path=PATH, bytes_out="3"),
        log(2, "DELETE", path=PATH),
    )
    found = SessionLog(logs, "group")
    download = found.of_download(PATH, NOW)
    assert [line.kind for line in download] == ["CONNECTED", "CLOSE"]
    removal = found.of_removal(PATH, NOW)
    assert [line.kind for line in removal] == ["CONNECTED", "DELETE"]
    assert found.of_download(PATH, NOW + timedelta(minutes=1)) == []


def test_versions_end_where_other_keys_begin() -> None:
    others = [version(f"{KEY}.{n}") for n in range(20)]
    s3 = FakeVersions(version(version_id="v1"), version(version_id="v2", seconds=5), *others)
    assert [each.version_id for each in versions.every(s3, BUCKET, KEY)] == ["v2", "v1"]
    assert s3.pages_given == 2


def test_of_the_same_second_the_latest_is_the_newest() -> None:
    marker = {"Key": KEY, "VersionId": "gone", "LastModified": NOW, "IsLatest": True}
    s3 = FakeVersions({**version(), "IsLatest": False}, marker)
    newest = versions.newest(s3, BUCKET, KEY)
    assert [(each.version_id, each.is_deletion) for each in newest] == [
        ("gone", True),
        ("v1", False),
    ]


def test_where_the_engine_cannot_list_a_name_its_latest_version_is_known() -> None:
    s3 = FakeVersions(version("a\1b"))
    assert [each.version_id for each in versions.newest(s3, BUCKET, "a\1b")] == ["v1"]
    assert versions.newest(s3, BUCKET, "a\1") == []


@pytest.fixture
def place() -> Place:
    """One version, stored over SFTP, of which the ledger knows nothing."""
    place = Place(FakeVersions(version()), logs=FakeLogs(*stored(0)))
    place.s3.objects["watchdog.config"] = ROUTES.encode()
    return place


def told(place: Place) -> VersionLife:
    return life_of(place.deployment, KEY).versions[-1]


def test_a_life_in_the_order_of_time(place: Place) -> None:
    place.keep(failed_twice())
    place.logs.events.append(log(20, "CLOSE", path=f"/{BUCKET}/{STORY}", bytes_out="99"))
    life = told(place)
    assert [(moment.where, moment.what) for moment in life.moments] == [
        ("SFTP", "acme logged in from 192.0.2.1, session s1, client unknown"),
        ("SFTP", "OPEN 'q3 sales.csv'"),
        ("S3", "stored, 7 bytes"),
        ("SFTP", "CLOSE 'q3 sales.csv', 7 bytes"),
        ("watchdog", "attempt 1 failed: 503"),
        ("watchdog", "attempt 2 failed, the last one: 503"),
        ("watchdog", "retrying: put back by alice"),
        ("watchdog", "accepted at attempt 3: r-1"),
        ("story", f"delivered: {STORY!r}"),
        ("SFTP", "acme fetched the story: 99 bytes"),
    ]
    assert (life.outcome, life.uploaded_by, life.remarks) == ("accepted", "acme", ())


@pytest.mark.parametrize(
    ("kept", "remark"),
    [
        (None, "not in the ledger yet"),
        (entry("accepted"), "no story yet"),
        (entry("retrying", due=at(60)), f"next try by {at(60)}"),
        (entry("dead"), "not on the dead-letter queue (yet)"),
        (failed_twice(), "no download of the story"),
    ],
)
def test_what_has_no_time_is_remarked(place: Place, kept: Entry | None, remark: str) -> None:
    if kept:
        place.keep(kept)
    assert any(each.startswith(remark) for each in told(place).remarks)


def test_tries_are_counted_that_the_ledger_no_longer_has(place: Place) -> None:
    begun = Entry.begun(upload(), "acme", at(1), at(60))
    for number in range(1, 101):
        begun = begun.moved(at(number), "retrying", f"n{number}", attempts=number)
    place.keep(begun)
    whats = [each.what for each in told(place).moments if each.where == "watchdog"]
    assert whats == [f"attempt {n} failed: n{n}" for n in [*range(1, 11), *range(81, 101)]]


def test_among_very_many_dead_letters_it_is_not_looked_for_to_the_end() -> None:
    queue = FakeQueue(*(body(upload(f"{n}.csv")) for n in range(40)))
    with DeadLetters(queue, "http://dead-letters") as letters:
        assert letters.holds(upload().upload_id, limit=20) is None
    assert queue.hidden == set()


def test_a_dead_letter_is_found_and_left_there(place: Place) -> None:
    place.queue = FakeQueue("no event", body(upload("other.csv")), body(upload()))
    place = Place(place.s3, place.queue, place.logs)
    place.keep(entry("dead"))
    assert any("on the dead-letter queue - put" in each for each in told(place).remarks)
    assert (len(place.queue.messages), place.queue.hidden) == (3, set())


def test_what_nobody_stored_over_sftp_says_so(place: Place) -> None:
    place.logs.events.clear()
    assert "no line about it is found in the server's log" in told(place).remarks


def test_the_last_three_versions_are_shown_newest_last() -> None:
    many = [version(version_id=f"v{n}", seconds=n) for n in range(2)]
    place = Place(FakeVersions(*many))
    assert not life_of(place.deployment, KEY).has_older
    place = Place(FakeVersions(*(version(version_id=f"v{n}", seconds=n) for n in range(4))))
    life = life_of(place.deployment, KEY, whole=True)
    assert [each.version_id for each in life.versions] == ["v0", "v1", "v2", "v3"]
    assert not life.has_older


def test_of_one_version_no_more_is_read_than_a_page_may_cost() -> None:
    place = Place(FakeVersions(version()), FakeQueue(*["hello"] * 30))
    place.keep(entry("dead"))
    place.logs.events = [log(60 + n, "OPEN", path="/other", mode="READ") for n in range(40)]
    life = life_of_version(place.deployment, KEY, "v1")
    assert [(each.outcome, each.is_gone) for each in life.versions] == [("dead", False)]
    assert not any("dead-letter" in remark for remark in life.versions[0].remarks)
    # Three looks, each a little further around the upload.
    assert place.logs.read <= 9


def test_a_version_that_only_the_ledger_has_is_told() -> None:
    place = Place(FakeVersions(version(version_id="v2", seconds=60)))
    place.keep(entry("waiting"))
    [told] = life_of_version(place.deployment, KEY, "v1").versions
    assert (told.version_id, told.size, told.outcome, told.is_gone) == ("v1", 7, "waiting", True)
    for version_id in ("v3", "v\n3"):
        with pytest.raises(NoUploadError, match="no such version"):
            life_of_version(place.deployment, KEY, version_id)


def test_the_route_is_told_or_what_is_wrong(place: Place) -> None:
    assert "goes to project 'acme-sales'" in life_of(place.deployment, KEY).route
    place.s3.objects["watchdog.config"] = b"broken"
    assert life_of(place.deployment, KEY).route.startswith("no routes are in force (watchdog")


def test_a_story_names_its_upload() -> None:
    place = Place(FakeVersions(version(STORY)))
    place.keep(entry("accepted"))
    place.ledger.expect_story(STORY, Ref.of(KEY, upload().upload_id))
    assert life_of(place.deployment, STORY).route == f"{STORY!r} is the story of {KEY!r}"


def test_an_unknown_key_names_what_is_near() -> None:
    place = Place(FakeVersions(version()))
    with pytest.raises(NoUploadError, match=f"near it: '{KEY}'"):
        life_of(place.deployment, "acme/incoming/q3 sale.csv")


def long_life(versions_shown: int) -> Life:
    moments = tuple(Moment(at(n), "watchdog", f"attempt {n}: {'x' * 200}\x1b") for n in range(50))
    one = VersionLife("v" * 40, at(0), 7, False, "acme", "dead", 50, moments, ("a remark",))
    return Life("embedded", "stack-1", KEY, "r" * 200, (one,) * versions_shown, True)


@pytest.mark.parametrize("versions_shown", [1, 2, 3])
def test_it_fits_a_screen(versions_shown: int) -> None:
    lines = list(screen(long_life(versions_shown), whole=False))
    assert len(lines) < 40
    assert max(map(len, lines)) == 100
    assert all(line.isprintable() for line in lines)
    # The beginning and the end are there.
    assert any("attempt 0:" in line for line in lines)
    assert lines[-1] == "  a remark"
    assert sum("lines are left out" in line for line in lines) == versions_shown


def test_all_of_it_is_shown_when_asked_for() -> None:
    lines = list(screen(long_life(1), whole=True))
    assert sum("x" * 200 in line for line in lines) == 50
    assert not any("\x1b" in line for line in lines)
    assert any("v" * 40 in line for line in lines)


def test_another_day_is_named() -> None:
    life = long_life(1)
    day = Moment((datetime.fromisoformat(at(0)) + timedelta(days=1)).isoformat(), "SFTP", "later")
    one = replace(life.versions[0], moments=(day,))
    assert "  2026-11-24 12:00:00" in "\n".join(screen(replace(life, versions=(one,)), whole=False))
