"""From a user to a session whose S3 calls carry that user's rights, and no others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.config import Config

from emulator.credentials import assumed_session
from emulator.files.activity import Activity
from emulator.files.errors import PermissionDenied, s3_errors
from emulator.files.policy import session_policy
from emulator.files.session import FileSession
from emulator.transfer.model import Server, User

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TUNING = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=32,
    s3={"addressing_style": "path"},
)


def log_in(server: Server, user: User, activity: Activity, region: str) -> FileSession:
    """Assume the user's role at once, so that a wrong role shows at login; raises FileError."""
    s3 = _s3_as(user, activity.session_id, region)
    return FileSession(user, s3, activity, ignores_setstat=server.ignores_setstat)


def role_session_name(user: User, session_id: str) -> str:
    """`username.sessionid@server-id`, cut to STS's 64 characters (2023 guide, monitoring)."""
    name = f"{user.name}.{session_id}@{user.server_id}"
    return re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)[:64]


def _s3_as(user: User, session_id: str, region: str) -> S3Client:
    name, policy = role_session_name(user, session_id), session_policy(user)
    with s3_errors():
        session = assumed_session(user.role, name, policy, region=region)
        credentials = session.get_credentials()
        if credentials is None:
            raise PermissionDenied
        credentials.get_frozen_credentials()
        return session.client("s3", config=TUNING)
