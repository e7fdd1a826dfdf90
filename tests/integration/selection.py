"""Which tests an environment leaves out, told by reason: what is not run never looks passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

WhyNot = Callable[[pytest.Item], str | None]
LEFT_OUT = pytest.StashKey[list[str]]()


def leave_out(config: pytest.Config, items: list[pytest.Item], place: str, why_not: WhyNot) -> None:
    """Take out of `items` those for which `why_not` gives a reason; count the reasons."""
    reasons = {item: why_not(item) for item in items}
    counts = Counter(reason for reason in reasons.values() if reason)
    told = [f"not run on {place}: {count} that {why}" for why, count in counts.items()]
    config.stash[LEFT_OUT] = told
    if hasattr(config, "workeroutput"):  # pytest-xdist's way from a worker to its controller
        config.workeroutput["left_out"] = told
    config.hook.pytest_deselected(items=[item for item in items if reasons[item]])
    items[:] = [item for item in items if not reasons[item]]
