"""What `quillgate cost` says, to people and to scripts."""

from __future__ import annotations

import json

import pytest

from quillgate.cost_command import cost, told
from quillgate.costs.estimate import Estimate, estimate
from quillgate.costs.prices import prices
from quillgate.costs.workload import Workload

WORK = Workload(500, 40, downloaded_gigabytes=3)


def found() -> Estimate:
    return estimate(WORK, prices("us-east-1"))


def test_each_line_is_told_and_those_not_verified_are_marked() -> None:
    lines = list(told(WORK, found()))
    for line in found().lines:
        name = f"{line.use.service:<16}{line.use.what:<26}"
        [row] = [each for each in lines if each.startswith(name)]
        assert (f" * {line.use.why}" in row) != line.price.verified
        assert row.endswith(line.use.why)


def test_the_total_and_what_embedded_saves_are_told() -> None:
    text = "\n".join(told(WORK, found()))
    assert f"{found().usd:,.2f}\n" in text
    assert f"if nobody uses it: {found().idle_usd:,.2f} a month" in text
    assert "even when it is stopped" in text
    assert "The embedded environment costs nothing" in text
    assert "prices as of 2" in text


def test_columns_stand_below_each_other() -> None:
    rows = [line for line in told(WORK, found()) if line.startswith(("S3", "SQS", "together"))]
    assert len({len(row[:79].rstrip()) for row in rows}) == 1


def test_scripts_get_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    cost(uploads_per_day=500, gigabytes_per_month=40, downloaded_gigabytes=3, json=True)
    given = json.loads(capsys.readouterr().out)
    assert given["usd"] == pytest.approx(found().usd)
    assert given["usd"] == pytest.approx(sum(line["usd"] for line in given["lines"]))
    assert given["currency"] == "USD"
    assert given["workload"]["uploads_per_day"] == 500
    for line in given["lines"]:
        assert line["of"]["source"].startswith("https://")
        assert line["of"]["checked"] >= "2026"
        assert isinstance(line["of"]["verified"], bool)
