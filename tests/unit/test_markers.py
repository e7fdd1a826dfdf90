"""Which version of a file a marker declares whole."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sftp_watchdog.events import Upload

from tests.unit.whole_fakes import Desk

COMPLETE = "complete = 'marker'\nmarker = '*.done'"
FILE, MARKER = "in/q3 sales+é 100%.csv", "in/q3 sales+é 100%.csv.done"


class Life(NamedTuple):
    """Files `F` and markers `M` as they were stored, a second apart, and the desk that heard."""

    desk: Desk
    files: list[Upload]

    @property
    def outcomes(self) -> list[str]:
        return [self.desk.entry(file).outcome for file in self.files]


def live(stored: str, heard: list[int] | None = None) -> Life:
    """Store them all and hear of them in that order; without one, each as it is stored."""
    desk, files, events = Desk(COMPLETE), list[Upload](), list[Upload]()
    for second, kind in enumerate(stored):
        event = desk.s3.store(FILE if kind == "F" else MARKER, bytes(second), second)
        events.append(event)
        if kind == "F":
            files.append(event)
        if heard is None:
            desk.hear(event)
    for number in heard or ():
        desk.hear(events[number])
    return Life(desk, files)


@pytest.mark.parametrize(
    ("stored", "outcomes"),
    [
        ("F", ["waiting"]),
        ("FM", ["accepted"]),
        ("MF", ["accepted"]),
        ("FMM", ["accepted"]),
        ("FMFM", ["accepted", "accepted"]),
        ("MFMF", ["accepted", "accepted"]),
        ("MFMFMF", ["accepted"] * 3),
        # A marker left over does not declare the next version whole.
        ("FMF", ["accepted", "waiting"]),
        ("FMMF", ["accepted", "waiting"]),
        ("MFF", ["accepted", "waiting"]),
        ("FMFMF", ["accepted", "accepted", "waiting"]),
        # Nobody ever said that the first was whole.
        ("FFM", ["partial", "accepted"]),
        ("FFFM", ["partial", "partial", "accepted"]),
        ("FMFFM", ["accepted", "partial", "accepted"]),
    ],
)
def test_each_marker_is_for_one_version(stored: str, outcomes: list[str]) -> None:
    life = live(stored)
    assert life.outcomes == outcomes
    told = [
        file.version_id
        for file, each in zip(life.files, outcomes, strict=True)
        if each == "accepted"
    ]
    assert life.desk.quill.told == told


@given(data=st.data(), stored=st.sampled_from(["FM", "MF", "FFM", "FMF", "FMFM", "FMFFM", "FMMF"]))
@settings(max_examples=60, deadline=None)
def test_events_may_come_in_any_order_and_twice(data: st.DataObject, stored: str) -> None:
    every = data.draw(st.permutations(range(len(stored))))
    again = data.draw(st.lists(st.sampled_from(range(len(stored))), max_size=4))
    life = live(stored, [*every, *again])
    assert life.outcomes == live(stored).outcomes
    assert len(life.desk.quill.told) == life.outcomes.count("accepted")


@given(stored=st.text("FM", max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_version_is_told_without_a_marker_of_its_own(stored: str) -> None:
    life = live(stored)
    assert len(life.desk.quill.told) == life.outcomes.count("accepted") <= stored.count("M")


def test_a_replaced_version_says_why() -> None:
    life = live("FFM")
    assert "replaced by a later upload" in life.desk.entry(life.files[0]).reason


def test_in_the_same_second_a_marker_is_for_the_file() -> None:
    desk = Desk(COMPLETE)
    marker, file = desk.s3.store(MARKER, b"", 1.1), desk.s3.store(FILE, b"x", 1.9)
    assert desk.hear(file) == ["accepted"]
    assert desk.hear(marker) == ["ignored"]


def test_a_marker_of_no_file_is_ignored() -> None:
    desk = Desk(COMPLETE)
    assert desk.hear(desk.s3.store(MARKER, b"", 1)) == ["ignored"]
    assert desk.quill.told == []
