"""The estimate as such: more is never cheaper, halves add up, an idle stack has its price."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quillgate.costs.estimate import Estimate, estimate
from quillgate.costs.prices import prices
from quillgate.costs.usage import LOOK_UPS, SWEEP_PAGES, listings, messages
from quillgate.costs.workload import HOURS, Workload, idle
from quillgate.errors import CostError

TABLE = prices("us-east-1")
BUSY = Workload(500, 40, downloaded_gigabytes=3, endpoint="vpc", own_key=True)
amounts = st.floats(0.01, 50_000)
workloads = st.builds(
    Workload,
    uploads_per_day=amounts,
    gigabytes_per_month=amounts,
    downloaded_gigabytes=amounts,
    stories_per_upload=st.floats(0, 5),
    customers=st.integers(0, 10_000),
    months_kept=st.floats(0, 100),
    endpoint=st.sampled_from(["public", "vpc"]),
    addresses=st.integers(0, 10),
    own_key=st.booleans(),
)
GROWING = [
    "uploads_per_day",
    "gigabytes_per_month",
    "downloaded_gigabytes",
    "stories_per_upload",
    "customers",
    "months_kept",
    "addresses",
]


def bill(work: Workload) -> Estimate:
    return estimate(work, TABLE)


def usd(work: Workload, *names: str) -> float:
    """What the lines called so cost together, `service, what`."""
    return sum(it.usd for it in bill(work).lines if f"{it.use.service}, {it.use.what}" in names)


@given(workloads, st.sampled_from(GROWING), st.integers(1, 100))
def test_more_is_never_cheaper(work: Workload, name: str, more: int) -> None:
    try:
        grown = replace(work, **{name: getattr(work, name) + more})
    except CostError:
        return  # beyond what there can be
    assert bill(grown).usd >= bill(work).usd - 1e-9


@given(workloads)
def test_the_sum_is_that_of_its_lines_and_none_is_negative(work: Workload) -> None:
    found = bill(work)
    assert all(line.usd >= 0 for line in found.lines)
    assert found.usd == pytest.approx(math.fsum(line.usd for line in found.lines))
    services = {line.use.service for line in found.lines}
    assert found.usd == pytest.approx(sum(found.usd_of(each) for each in services))
    assert 0 <= found.unverified_usd <= found.usd


@given(workloads)
def test_what_grows_with_uploads_is_twice_for_twice(work: Workload) -> None:
    """All but what has a fixed part or an upper bound."""
    names = [
        "Transfer, files in and out",
        "Internet, files out",
        "S3, files",
        "S3, ledger",
        "S3, watchdog, writing",
        "S3, users and Quill, writing",
        "S3, users and Quill, reading",
        "EventBridge, Transfer's events",
        "Lambda, watchdog",
        "KMS, requests",
    ]
    twice = replace(
        work,
        uploads_per_day=2 * work.uploads_per_day,
        gigabytes_per_month=2 * work.gigabytes_per_month,
        downloaded_gigabytes=2 * work.downloaded_gigabytes,
    )
    assert usd(twice, *names) == pytest.approx(2 * usd(work, *names))


@given(workloads)
def test_what_is_there_anyway_costs_the_same_for_everybody(work: Workload) -> None:
    names = [
        "Transfer, endpoint",
        "CloudWatch, metrics",
        "CloudWatch, alarms",
        "CloudWatch, dashboard",
        "Secrets Manager, secret",
    ]
    assert usd(work, *names) == usd(idle(work), *names) > 0


@given(workloads)
def test_an_idle_stack_costs_no_more_than_a_used_one(work: Workload) -> None:
    found = bill(work)
    assert 0 < found.idle_usd <= found.usd + 1e-9
    assert found.idle_usd == pytest.approx(bill(idle(work)).usd)


def test_without_uploads_nothing_that_they_make_is_paid() -> None:
    nothing = bill(idle(BUSY))
    left = {f"{it.use.service}, {it.use.what}" for it in nothing.lines if it.usd}
    assert left == {
        "Transfer, endpoint",
        "S3, sweep, listing",
        "S3, sweep, reading",
        "SQS, messages and polling",
        "Lambda, runs",
        "Lambda, sweep",
        "CloudWatch, logs",
        "CloudWatch, logs kept",
        "CloudWatch, metrics",
        "CloudWatch, alarms",
        "CloudWatch, dashboard",
        "Secrets Manager, secret",
        "KMS, key",
        "VPC, static addresses",
    }


def test_the_units_are_right() -> None:
    """Worked by hand from the prices: a mistake by a thousand would show."""
    work = Workload(1000, 100, downloaded_gigabytes=10, endpoint="vpc", addresses=2)
    uploads = 1000 * HOURS / 24
    price = {each: TABLE[each].usd for each in TABLE.by_id}
    assert usd(work, "Transfer, endpoint") == pytest.approx(HOURS * price["transfer.endpoint"])
    moved = usd(work, "Transfer, files in and out")
    assert moved == pytest.approx(110 * price["transfer.gigabyte"])
    told = usd(work, "S3, watchdog, writing")
    assert told == pytest.approx(uploads * 8 * price["s3.put"] / 1000)
    assert usd(work, "S3, files") == pytest.approx(12 * 100 * price["s3.storage"], rel=0.01)
    runs = usd(work, "Lambda, watchdog")
    assert runs == pytest.approx(uploads * 3 * 0.5 * 0.25 * price["lambda.second"])
    addresses = usd(work, "VPC, static addresses")
    assert addresses == pytest.approx(2 * HOURS * price["vpc.address"])


def test_an_upload_is_three_messages() -> None:
    assert messages(Workload(24 / HOURS, 0)) == pytest.approx(3)


def test_what_has_an_upper_bound_keeps_to_it() -> None:
    flood = Workload(10_000_000, 1, customers=5000, months_kept=100)
    assert listings(flood) == SWEEP_PAGES
    [calls] = [it.use for it in bill(flood).lines if it.price.id == "secrets.call"]
    assert calls.quantity == LOOK_UPS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"uploads_per_day": -1}, "not uploads per day: '-1' - give a number from 0 to "),
        ({"uploads_per_day": math.nan}, "not uploads per day: 'nan' - "),
        ({"gigabytes_per_month": math.inf}, "not gigabytes per month: 'inf' - "),
        ({"uploads_per_day": 1e12}, "not uploads per day: '1000000000000.0' - "),
        ({"customers": -3}, "not customers: '-3' - give a number from 0 to 10,000"),
        ({"uploads_per_day": 0}, "gigabytes without uploads: '40' - give uploads per day"),
    ],
)
def test_a_number_that_cannot_be_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(CostError) as caught:
        replace(BUSY, **given)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(CostError, match="no prices for region: 'mars-1' - there are those of us-"):
        prices("mars-1")


def test_each_price_has_a_source_and_a_day() -> None:
    for each in TABLE.by_id.values():
        assert each.source.startswith("https://aws.amazon.com/"), each.id
        assert isinstance(each.checked, date), each.id
        assert each.usd > 0, each.id
        assert each.per in {1, 1000, 10_000, 1_000_000}, each.id
        assert each.read, each.id
        assert isinstance(each.verified, bool), each.id


def test_no_price_is_there_for_nothing_and_none_is_missing() -> None:
    assert {it.price.id for it in bill(BUSY).lines} == set(TABLE.by_id)


def test_what_nobody_has_verified_is_not_called_verified() -> None:
    """Only what AWS's own words were read for, which `read` tells."""
    for each in TABLE.by_id.values():
        assert each.verified != each.read.startswith("as commonly cited"), each.id
