from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest

from emulator.files.errors import NoSuchFile
from emulator.files.listing import Entry, pages
from emulator.files.location import Location

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

THEN = datetime.fromtimestamp(1000, UTC)


class Lister:
    """Answers of ListObjectsV2, each given as its keys and its common prefixes."""

    def __init__(self, *answers: tuple[list[str], list[str]]) -> None:
        self._answers = answers

    def get_paginator(self, _: str) -> Lister:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for keys, prefixes in self._answers:
            contents = [{"Key": key, "Size": 1, "LastModified": THEN} for key in keys]
            folders = [{"Prefix": prefix} for prefix in prefixes]
            yield {
                "Contents": contents,
                "CommonPrefixes": folders,
                "KeyCount": len(contents + folders),
            }


def listed(
    *answers: tuple[list[str], list[str]],
    mapped: dict[str, bool] | None = None,
    fixed: bool = False,
) -> list[Entry]:
    location = Location("/x", "b", "x", is_fixed=fixed)
    lister = cast("S3Client", Lister(*answers))
    with ThreadPoolExecutor(1) as workers:
        found = pages(lister, location, mapped or {}, workers)
        return [entry for page in found for entry in page]


def test_files_and_folders_in_one_order_without_the_marker() -> None:
    found = listed((["x/", "x/a", "x/c"], ["x/b/"]), (["x/d"], []))
    assert found == [
        Entry("a", is_folder=False, size=1, modified=1000),
        Entry("b", is_folder=True),
        Entry("c", is_folder=False, size=1, modified=1000),
        Entry("d", is_folder=False, size=1, modified=1000),
    ]


def test_a_file_hides_the_folder_of_its_name_even_pages_later() -> None:
    found = listed((["x/a", "x/a!", "x/a-1"], []), (["x/a.b"], ["x/a/", "x/b/"]))
    assert [(entry.name, entry.is_folder) for entry in found] == [
        ("a", False),
        ("a!", False),
        ("a-1", False),
        ("a.b", False),
        ("b", True),
    ]


def test_names_no_client_could_ask_for_are_left_out() -> None:
    assert listed((["x/a"], ["x//", "x/../", "x/./"])) == listed((["x/a"], []))


def test_mapped_names_come_first_and_hide_what_s3_has() -> None:
    found = listed((["x/in", "x/z"], []), mapped={"in": True})
    assert [(entry.name, entry.is_folder) for entry in found] == [("in", True), ("z", False)]


def test_nothing_at_all_is_no_folder_unless_it_is_a_home() -> None:
    with pytest.raises(NoSuchFile):
        listed(([], []))
    assert listed(([], []), fixed=True) == []
    assert listed((["x/"], [])) == []


def test_the_next_page_is_asked_for_while_one_is_at_hand() -> None:
    asked = Event()

    class Watched(Lister):
        def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
            first, second = super().paginate()
            yield first
            asked.set()
            yield second

    lister = cast("S3Client", Watched((["acme/a"], []), (["acme/b"], [])))
    with ThreadPoolExecutor(1) as workers:
        found = pages(lister, Location("/acme", "b", "acme"), {}, workers)
        assert next(found) == []
        assert [entry.name for entry in next(found)] == ["a"]
        assert asked.wait(10)
        assert [entry.name for entry in next(found)] == ["b"]
