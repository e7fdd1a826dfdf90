"""From a user to a session whose S3 calls carry that user's rights, and no others."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING

from botocore.config import Config

from emulator.credentials import assumed_session, own_session
from emulator.files.activity import Activity
from emulator.files.errors import FileError, PermissionDenied, s3_errors
from emulator.files.policies.document import parse
from emulator.files.policies.evaluation import Policies
from emulator.files.policies.guard import Guard
from emulator.files.policies.principal import Principal
from emulator.files.policies.requests import Caller
from emulator.files.policies.role import bucket_policy, read_role
from emulator.files.policies.spot import MalformedPolicy
from emulator.files.policies.trust import check_trust
from emulator.files.policy import session_policy
from emulator.files.session import FileSession
from emulator.transfer.model import Server, User

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from types_boto3_iam import IAMClient
    from types_boto3_s3 import S3Client

TUNING = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=32,
    # What it says by itself takes a tenth of a small request's processor time to put together.
    user_agent="AWSTransfer",
    # A PutObject given up and sent again may make two versions, and so two uploads, of one file.
    read_timeout=300,
    # S3 checks each body by its CRC32 in a signed header; the SHA-256 of it that botocore adds
    # where there is no TLS costs a tenth of an upload's processor time.
    s3={"addressing_style": "path", "payload_signing_enabled": False},
)

SMALL = 64 * 1024  # fits the sockets' buffers


def log_in(
    server: Server, user: User, activity: Activity, region: str, *, enforce_policies: bool = False
) -> FileSession:
    """Assume the user's role at once, so that a wrong role shows at login; raises FileError.

    `enforce_policies`: decide login and S3 calls here first, whatever the engine does.
    """
    s3 = _s3_as(user, activity.session_id, region)
    if enforce_policies:
        _guard(user, activity.session_id, region).hold(s3)
    return FileSession(user, s3, activity, ignores_setstat=server.ignores_setstat)


def connected_as(user: User) -> dict[str, str]:
    """What the log's CONNECTED says of the user, whatever the front end (cw-structure-logs)."""
    is_path = user.home_directory_type == "PATH"
    home = user.home_directory or "/" if is_path else "/"
    return {"user": user.name, "role": user.role, "home_dir": home}


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
        s3 = session.client("s3", config=TUNING)
    s3.meta.events.register("before-send.s3", send_small_at_once)
    return s3


def send_small_at_once(request: AWSPreparedRequest, **_: object) -> None:
    """Let a small body go with its headers: to ask S3 first whether it may takes a round trip."""
    headers = request.headers
    if "Expect" in headers and int(headers["Content-Length"]) <= SMALL:
        del headers["Expect"]


def decided_by(
    user: User, session_id: str, iam: IAMClient, s3: S3Client
) -> tuple[Caller, Policies]:
    """As whom S3 sees a login of the user, and all that decides on it but the bucket's own policy.

    As IAM has it now. Raises ClientError, MalformedPolicy and, when the role is not there or does
    not trust Transfer, PermissionDenied.
    """
    role, name = read_role(iam, user.role), role_session_name(user, session_id)
    check_trust(role, user.arn, name)
    text = session_policy(user)
    session = parse("session policy", text) if text is not None else None
    is_secure = s3.meta.endpoint_url.startswith("https:")
    caller = Caller(
        Principal(role.arn, name), role.id, s3.meta.region_name, is_secure, tags=role.tags
    )
    return caller, Policies(role.policies, session, role.boundary)


def _guard(user: User, session_id: str, region: str) -> Guard:
    """With the policies as they are now, read by the service's own rights; fails closed."""
    with s3_errors():
        iam, s3 = _own_clients(region)
        try:
            caller, policies = decided_by(user, session_id, iam, s3)
        except MalformedPolicy as error:
            raise FileError(str(error)) from error
    return Guard(caller, policies, partial(bucket_policy, s3))


@cache
def _own_clients(region: str) -> tuple[IAMClient, S3Client]:
    """One of each for all logins."""
    session = own_session(region)
    return session.client("iam", config=TUNING), session.client("s3", config=TUNING)
