"""What the suite leaves out on `compose`, by name and with the reason."""

from __future__ import annotations

import pytest

OWN = "start, stop or break an environment of their own"
SERVERS = "make servers of their own: compose publishes the port of the stack's only"
LEFT_OUT = {
    OWN: (
        "test_aws_option",
        "test_bounded_memory",
        "test_connections",
        "test_deployed",
        "test_environment",
        "test_isolation_by_guard",
        "test_large_files",
        "test_shutdown",
    ),
}
REASONS = {name: reason for reason, names in LEFT_OUT.items() for name in names}


def why_not_on_compose(item: pytest.Item) -> str | None:
    """Why this test does not run on compose; None when it does."""
    row = getattr(item, "callspec", None) and item.callspec.params.get("row")  # type: ignore[attr-defined]
    if row is not None and row.own_server:
        return SERVERS
    function = getattr(item, "originalname", item.name)
    return REASONS.get(item.path.stem) or REASONS.get(f"{item.path.stem}::{function}")
