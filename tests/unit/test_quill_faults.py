from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import ValidationError

from emulator.quill.faults import FaultOrder, Faults


def order(**members: Any) -> FaultOrder:
    return FaultOrder.model_validate(members)


def test_faults_fire_in_the_order_they_were_ordered_and_count() -> None:
    faults = Faults()
    faults.order(order(status=503, times=2))
    faults.order(order(drop_connection=True))

    fired = [faults.fire("acme") for _ in range(4)]

    assert [fault and fault.status for fault in fired] == [503, 503, None, None]
    assert fired[2] is not None
    assert fired[3] is None
    assert [(item["ordered"], item["fired"]) for item in faults.items()] == [(2, 2), (1, 1)]


def test_a_fault_for_one_project_waits_for_it() -> None:
    faults = Faults()
    faults.order(order(status=404, project="acme"))

    assert faults.fire("other") is None
    assert faults.fire("acme") == order(status=404, project="acme")


def test_calls_at_once_use_up_no_more_than_ordered() -> None:
    faults = Faults()
    faults.order(order(status=500, times=50))
    fired: list[FaultOrder | None] = []
    threads = [
        threading.Thread(target=lambda: fired.extend(faults.fire("a") for _ in range(20)))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(fault is not None for fault in fired) == 50
    assert faults.items()[0]["fired"] == 50


def test_an_order_shows_as_it_was_given() -> None:
    assert Faults().order(order(status=429, headers={"Retry-After": "7"})) == {
        "status": 429,
        "times": 1,
        "headers": {"Retry-After": "7"},
        "ordered": 1,
        "fired": 0,
    }


def test_clear_forgets_them() -> None:
    faults = Faults()
    faults.order(order(status=500))
    faults.clear()

    assert faults.fire("acme") is None
    assert faults.items() == []


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"times": 3},
        {"status": 503, "times": 0},
        {"status": 99},
        {"status": "503"},
        {"delay_ms": -1},
        {"status": 500, "drop_connection": True},
        {"delay_ms": 5, "body": "no status"},
        {"status": 500, "headers": {"X": "a\r\nSet-Cookie: b"}},
        {"status": 500, "headers": {"Content-Length": "3"}},
        {"status": 500, "project": "a b"},
        {"status": 500, "tims": 3},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order(**members)


def test_a_string_is_sent_as_text_and_the_rest_as_json() -> None:
    assert order(status=422, body="no such layout").words == "no such layout"
    assert order(status=422, body={"why": "ü"}).words == '{"why": "\\u00fc"}'
    assert order(status=422, body="x").media_type.startswith("text/plain")
    assert "'503'" in order(status=503).words
