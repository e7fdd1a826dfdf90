"""The engine and our evaluator decide alike on policies made up at random.

`POLICY_CASES=5000 POLICY_SEED=7 pytest tests/comparison` for a longer run, or another one.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from dataclasses import replace
from functools import reduce

import pytest

from tests.comparison.cases import Maker
from tests.comparison.deviations import DEVIATIONS, Deviation
from tests.comparison.engine import Call, Case, Engine, Question, ours, question

log = logging.getLogger(__name__)
CASES = int(os.environ.get("POLICY_CASES", "200"))
SEED = int(os.environ.get("POLICY_SEED", "1"))


def as_engine(asked: Question) -> bool:
    """Our decision with all of the engine's deviations."""
    return all(
        ours(reduce(lambda each, deviation: deviation.as_engine(each), DEVIATIONS, one))
        for one in (replace(asked, requests=(request,)) for request in asked.requests)
    )


def told(case: Case, call: Call) -> str:
    return f"{call} with {json.dumps(case.documents(), ensure_ascii=False)}"


def test_random_policies_are_decided_as_by_the_engine(engine: Engine) -> None:
    maker = Maker(SEED, engine.bucket, engine.role)
    engine.store(maker.keys())
    caller, count = engine.caller(), Counter[str]()
    for _ in range(CASES):
        made = maker.made()
        with engine.in_force(made.case):
            for call in made.calls:
                asked, theirs = question(made.case, call, caller), engine.allows(call)
                count["allowed" if theirs else "denied"] += 1
                if ours(asked) != theirs:
                    count["by a deviation"] += 1
                    assert as_engine(asked) == theirs, f"not so: {told(made.case, call)}"
    log.info("%d cases, seed %d: %s", CASES, SEED, dict(count))
    assert min(count["allowed"], count["denied"]) > 0.3 * (count["allowed"] + count["denied"])
    assert count["by a deviation"] < 0.1 * count["allowed"]


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=[each.name for each in DEVIATIONS])
def test_the_engine_still_deviates(deviation: Deviation, engine: Engine) -> None:
    case, call = deviation.example(engine.bucket, engine.role)
    engine.store(["acme/a.csv"])
    asked = question(case, call, engine.caller())
    with engine.in_force(case):
        assert engine.allows(call) == as_engine(asked)
        assert ours(asked) != engine.allows(call)
    assert deviation.url.startswith("https://docs.aws.amazon.com/")
