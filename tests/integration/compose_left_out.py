"""What the suite leaves out on `compose`, by name and with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

SERVERS = "make servers of their own: compose publishes the port of the stack's only"
GUARDED = "are run with the policies that Transfer enforces itself, as it does on compose"
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "start, stop or measure parts of an embedded environment": (
        "test_aws_option",
        "test_bounded_memory",
        "test_connections",
        "test_environment",
        "test_large_files",
        "test_reports::test_a_service_that_is_stopped_tells_the_last",
        "test_shutdown",
    ),
    "take notifications and messages away, in an environment of their own": ("test_sweep",),
    "break secret, routes or role of an environment of their own": (
        "test_quills_moods::test_a_receipt_is_one_whatever_its_content_type",
        "test_quills_moods::test_whatever_breaks_http_is_given_up_in_time_and_tried_again",
        "test_mistakes",
        "test_quills_moods::test_used_up_retries_end_on_the_dead_letter_queue",
    ),
    "are refused by the engine: LocalStack refuses nobody": ("test_roles",),
    "give up after two tries, in an environment of their own": (
        "test_operating::test_dead_letters_are_put_back_at_the_console",
        "test_operating::test_dead_letters_are_redriven",
        "test_operating::test_what_was_purged_from_the_dead_letter_queue_is_redriven_all_the_same",
    ),
    "compare with a model of our own server, look at its memory and into its log": ("test_fuzz",),
    "put older routes back, or delete them: those of tests beside them would be gone": (
        "test_console_routes::test_a_version_is_put_back_at_the_console_and_by_the_command",
        "test_console_routes::test_deleted_routes_are_shown_as_such_and_brought_back",
    ),
    "put a thousand objects under the watchdog's eyes, as a fidelity row does elsewhere: LocalStack"
    " is behind for two minutes": ("test_sftp_operations::test_listing_has_no_cap",),
    "ask for links and for OpenSSH's rename: the fidelity table has its answers": (
        "test_sftp_operations::test_unsupported_operations",
    ),
    "count what a session has open: sftp-server's limit is the system's": (
        "test_sftp_operations::test_what_is_open_at_once_is_limited",
    ),
    "prove what the engine's own IAM denies: LocalStack enforces none": (
        "test_isolation::test_quill_reads_uploads_and_writes_stories_and_no_more",
    ),
    "deploy the console: LocalStack's free edition has no HTTP API": ("test_console_deployed",),
    SERVERS: (
        "test_reports::test_a_deleted_log_group_harms_no_file",
        "test_reports::test_a_server_without_destination_has_events_only",
        "test_reports::test_another_destination_takes_effect",
        "test_servers::test_a_stopped_server_refuses_logins_and_stores_what_it_has",
        "test_servers::test_an_update_does_not_cut_an_upload",
        "test_servers::test_each_server_has_its_own_ports_and_users",
    ),
}
REASONS = {name: reason for reason, names in LEFT_OUT.items() for name in names}


def why_not_on_compose(item: pytest.Item) -> str | None:
    """Why this test does not run on compose; None when it does."""
    assert isinstance(item, pytest.Function)
    module = item.path.stem
    if module == "test_isolation" and item.obj.__module__.endswith(".isolation"):
        return GUARDED
    if _needs_a_server(item.callspec.params if hasattr(item, "callspec") else {}):
        return SERVERS
    return REASONS.get(module) or REASONS.get(f"{module}::{item.originalname}")


def _needs_a_server(params: Mapping[str, Any]) -> bool:
    row = params.get("row")
    return bool(row and row.own_server) or params.get("place") == "DEFAULT"
