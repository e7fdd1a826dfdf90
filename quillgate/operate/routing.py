"""The routes in force, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from sftp_watchdog.errors import RoutesError
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import Routes, parse

from quillgate.operate.deployment import Deployment
from quillgate.operate.words import safe


@dataclass(frozen=True)
class Routing:
    """`routes` are those the watchdog goes by, if any.

    `problem` says why what is stored cannot be used; then `routes` are the last good ones.
    """

    routes: Routes | None
    problem: str | None = None


def routing(deployment: Deployment) -> Routing:
    """Read the routes as the watchdog does."""
    try:
        return Routing(_stored(deployment.client("s3"), deployment.bucket))
    except (RoutesError, UnicodeDecodeError) as error:
        problem = f"{CONFIG_KEY} is broken: {safe(str(error))}"
    except LookupError:
        problem = f"there is no {CONFIG_KEY}"
    last_good = deployment.ledger.text(LAST_GOOD_ROUTES)
    return Routing(parse(last_good) if last_good else None, problem)


def _stored(s3: Any, bucket: str) -> Routes:
    """Raises LookupError when there are none."""
    try:
        body = s3.get_object(Bucket=bucket, Key=CONFIG_KEY)["Body"].read()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise LookupError(CONFIG_KEY) from error
        raise
    return parse(body.decode("utf-8-sig"))
