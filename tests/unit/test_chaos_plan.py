"""The chaos suite's plan comes from the seed alone, and has something of everything."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.chaos.plan import MANNERS, MOMENTS, MOODS, WINDOWS, make_plan


@pytest.mark.parametrize("uploads", [60, 150, 2000])
def test_the_same_seed_is_the_same_plan(uploads: int) -> None:
    assert make_plan(7, uploads) == make_plan(7, uploads)
    assert make_plan(7, uploads) != make_plan(8, uploads)


def test_the_bytes_of_an_upload_come_from_the_seed() -> None:
    first, again, other = (make_plan(seed, 60).uploads[3] for seed in (7, 7, 8))
    assert first.content == again.content
    assert first.content != other.content
    assert len(first.content) == first.size


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("uploads", [60, 2000])
def test_every_fault_is_in_every_plan(seed: int, uploads: int) -> None:
    plan = make_plan(seed, uploads)
    known = {("Quill", mood) for mood in MOODS} | {
        (kind, how) for kind, ways in (WINDOWS | MOMENTS).items() for how in ways
    }
    assert {(fault.kind, fault.how) for fault in plan.faults} == known
    assert {upload.manner for upload in plan.uploads} == set(MANNERS)
    assert all(0 <= fault.at <= fault.until <= uploads for fault in plan.faults)


@pytest.mark.parametrize("seed", range(10))
def test_one_fault_of_a_kind_ends_before_the_next_begins(seed: int) -> None:
    faults = make_plan(seed, 2000).faults
    for kind in WINDOWS:
        of_kind = [fault for fault in faults if fault.kind == kind]
        for earlier, later in pairwise(of_kind):
            assert earlier.at < earlier.until <= later.at


def test_names_are_used_again_but_never_that_of_an_empty_file() -> None:
    uploads = make_plan(7, 2000).uploads
    paths = [(upload.lane, upload.path) for upload in uploads]
    assert len(set(paths)) < len(paths)
    empty = [(upload.lane, upload.path) for upload in uploads if not upload.size]
    assert empty
    assert all(paths.count(each) == 1 for each in empty)


def test_what_is_cut_has_sent_a_part_at_the_most() -> None:
    cut = [upload for upload in make_plan(7, 2000).uploads if upload.manner == "cut"]
    assert all(1 <= upload.cut_at <= upload.size for upload in cut)
