"""The routes in force: `watchdog.config` as the bucket holds it, kept for a short while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .errors import NoRoutesError, RoutesError
from .names import CONFIG_KEY
from .routes import Routes, parse

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

    from .settings import Settings


class Config:
    """Reads the routes again after `max_age` seconds, and then only if they have changed.

    A good configuration stays in force until a better one can be read: neither a mistake in the
    file nor S3 being away stops the uploads of a worker that knows the routes.
    """

    def __init__(
        self,
        s3: S3Client,
        settings: Settings,
        logger: Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s3 = s3
        self._bucket = settings.bucket
        self._key = CONFIG_KEY
        self._max_age = settings.config_max_age_seconds
        self._logger = logger
        self._clock = clock
        self._etag = ""
        self._routes: Routes | None = None
        self._read_at = 0.0

    def current(self) -> Routes:
        """The routes, read at most `max_age` seconds ago, or else the last good ones.

        NoRoutesError if none were ever good.
        """
        if self._routes and self._clock() - self._read_at < self._max_age:
            return self._routes
        try:
            return self.refreshed()
        except NoRoutesError as error:
            if not self._routes:
                raise
            self._logger.error("the last good routes stay in force", extra={"reason": str(error)})
            return self._routes

    def refreshed(self) -> Routes:
        """The routes as they are stored now, and no others; NoRoutesError if they are not good."""
        self._read_at = self._clock()
        self._routes = self._read() or self._routes
        if not self._routes:
            raise NoRoutesError(
                f"{self._key!r} answered 'not modified' to a first read - try again"
            )
        return self._routes

    def _read(self) -> Routes | None:
        """The routes, or None when they are still those of `_etag`."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._key}
        if self._etag:
            request["IfNoneMatch"] = self._etag
        try:
            answer = self._s3.get_object(**request)
            routes = parse(answer["Body"].read().decode("utf-8-sig"))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 304:
                return None
            raise NoRoutesError(self._unreadable(error)) from error
        except BotoCoreError as error:
            raise NoRoutesError(self._unreadable(error)) from error
        except (RoutesError, UnicodeDecodeError) as error:
            raise NoRoutesError(
                f"routes are broken: {self._key!r}: {error}; then store them with "
                "`quillgate routes push`"
            ) from error
        self._etag = answer["ETag"]
        return routes

    def _unreadable(self, error: Exception) -> str:
        return (
            f"routes cannot be read: {self._key!r} in {self._bucket!r}: {error} - store it with "
            "`quillgate routes push`, and let the watchdog read it"
        )
