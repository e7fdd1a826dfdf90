from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sftp_watchdog.errors import BucketError
from sftp_watchdog.ledger_names import Ref
from sftp_watchdog.routes import parse
from sftp_watchdog.sweep_folders import routed_folders
from sftp_watchdog.sweep_known import KnownIds
from sftp_watchdog.sweep_progress import Progress
from sftp_watchdog.versions import Cursor, Versions

from tests.unit.sweep_fakes import BUCKET, Clock, FakeUploads
from tests.unit.watchdog_fakes import client_error

TREE = {"": ["acme/", "zoe/"], "acme/": ["acme/eu/"], "zoe/": ["zoe/as/", "zoe/eu/"]}


def folders(*directories: str, only: str = "") -> list[str]:
    text = "".join(
        f'[[route]]\nproject = "p"\ndirectory = "{each}"\nstories = "stories-{n}"\n'
        for n, each in enumerate(directories)
    )
    return routed_folders(parse(text), lambda prefix: TREE.get(prefix, []), only)


@pytest.mark.parametrize(
    ("directories", "prefixes"),
    [
        (["acme/in", "acme/in/eu", "acme/in+"], ["acme/in+/", "acme/in/"]),
        (["*/in"], ["acme/in/", "zoe/in/"]),
        (["*/in", "acme"], ["acme/", "zoe/in/"]),
        (["*/*/in"], ["acme/eu/in/", "zoe/as/in/", "zoe/eu/in/"]),
        (["*/eu/*"], ["acme/eu/", "zoe/eu/"]),
        (["nobody/*/in"], []),
    ],
)
def test_each_routed_folder_is_listed_once(directories: list[str], prefixes: list[str]) -> None:
    assert folders(*directories) == prefixes


@pytest.mark.parametrize(
    ("only", "prefixes"),
    [
        ("acme/in/eu/x", ["acme/in/eu/x"]),
        ("acme", ["acme/in/"]),
        ("acme/in/", ["acme/in/"]),
        ("b", []),
    ],
)
def test_a_part_of_it_only(only: str, prefixes: list[str]) -> None:
    assert folders("acme/in", "zoe/in", only=only) == prefixes


# Ids.


@given(st.sets(st.text("0123456789abcdef", min_size=64, max_size=64)), st.data())
def test_an_id_is_known_if_it_was_put_in(ids: set[str], data: st.DataObject) -> None:
    known = KnownIds(ids)
    assert len(known) == len(ids)
    assert all(each in known for each in ids)
    other = data.draw(st.text("0123456789abcdef", min_size=64, max_size=64))
    assert (other in known) == (other in ids)


def test_the_end_of_one_id_and_the_beginning_of_the_next_are_no_third() -> None:
    first, second, third = ("0" * zeros + "01" + "0" * 64 for zeros in (30, 40, 28))
    assert third not in KnownIds([first, second])
    assert third in KnownIds([first, second, third])


def test_no_more_are_kept_than_there_is_room_and_time_for() -> None:
    refs = [Ref("h", f"{number:064x}") for number in range(5000)]
    assert KnownIds.read(refs, lambda: True).is_complete
    few = KnownIds.read(refs, lambda: True, limit=10)
    assert (len(few), few.is_complete) == (10, False)
    looks = iter([True, True])
    some = KnownIds.read(refs, lambda: next(looks, False))
    assert (len(some), some.is_complete) == (2000, False)


# Progress.


def test_progress_is_read_as_it_was_written() -> None:
    progress = Progress("r", "2026-11-01T00:00:00.000Z", "b", "u", Cursor("k\n+é", "v"))
    assert Progress.from_json(progress.to_json()) == progress


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"other": 1}', '{"cursor": 1}', "null"])
def test_what_cannot_be_read_is_no_progress(text: str | None) -> None:
    assert Progress.from_json(text) == Progress()


# Versions.


def stored(*keys: str, page_size: int = 3) -> FakeUploads:
    uploads = FakeUploads(page_size)
    for key in keys:
        uploads.store(key, Clock().now)
    return uploads


def listed(uploads: FakeUploads, *folders: str, after: Cursor | None = None) -> list[Any]:
    pages = Versions(cast("Any", uploads), BUCKET).pages(list(folders), after)
    return [(each["Key"], each["VersionId"]) for page in pages for each in page.versions]


@given(
    st.lists(st.sampled_from(["a/1", "a/2", "a/é", "a/+", "b/x", "c/1", "c/1"]), max_size=12),
    st.integers(1, 4),
    st.data(),
)
def test_it_goes_on_where_it_had_ended(keys: list[str], size: int, data: st.DataObject) -> None:
    uploads = stored(*keys, page_size=size)
    versions = Versions(cast("Any", uploads), BUCKET)
    pages = list(versions.pages(["a/", "c/"]))
    every = [each for page in pages for each in page.versions]
    assert every == [each for each in uploads.everything("") if each["Key"][0] in "ac"]
    assert [page.next is None for page in pages] == [False] * (len(pages) - 1) + [True]
    place = data.draw(st.integers(0, len(pages) - 1))
    rest = [each for page in pages[place + 1 :] for each in page.versions]
    if cursor := pages[place].next:
        again = versions.pages(["a/", "c/"], cursor)
        assert [each for page in again for each in page.versions] == rest


def test_a_name_the_engine_cannot_list_keeps_no_other_from_being_found() -> None:
    uploads = stored("in/a", "in/a", "in/b", "in/c\1d", "in/e", "in/e", "in/f")
    found = [(key, version) for key, version in listed(uploads, "in/") if key != "in/c\1d"]
    assert sorted(set(found)) == sorted(
        (each["Key"], each["VersionId"])
        for each in uploads.everything("")
        if "\1" not in each["Key"]
    )
    assert ("in/c\1d", "v0") in listed(uploads, "in/")
    assert Versions(cast("Any", uploads), BUCKET).below("") == ["in/"]


@pytest.mark.parametrize("status", [403, 404, 503])
def test_any_other_refusal_is_an_error(status: int) -> None:
    uploads = stored("in/a")
    uploads.failure = client_error(status)
    with pytest.raises(BucketError, match="let the sweep list versions"):
        listed(uploads, "in/")
    with pytest.raises(BucketError):
        Versions(cast("Any", uploads), BUCKET).below("")
