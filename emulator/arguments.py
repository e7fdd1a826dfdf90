"""What the command lines of both ways into a server have in common."""

from __future__ import annotations

import argparse


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `region`, `enforce_policies` and `event_source`, the same for every login."""
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--enforce-policies",
        action="store_true",
        help="decide each login and S3 call by IAM's policies here, whatever the engine does",
    )
    # AWS and engines refuse `aws.transfer` from anyone but AWS.
    parser.add_argument("--event-source", default="quillgate.transfer", help="empty: no events")
