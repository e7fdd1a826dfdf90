"""The routes in force: `watchdog.config` as the bucket holds it, kept for a short while.

The last good ones are in the ledger, too: a new worker goes by them when what is stored is broken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .errors import LedgerError, NoRoutesError, RoutesError, WatchdogError, http_status
from .ledger_names import LAST_GOOD_ROUTES
from .metrics import Metric
from .names import CONFIG_KEY
from .routes import MAX_BYTES, Routes, decode, parse

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

    from .ledger import Ledger
    from .metrics import Metrics
    from .settings import Settings

Report = Callable[[str, WatchdogError], None]


def reporter(logger: Logger, metrics: Metrics) -> Report:
    """Tells of mistakes that stop no upload: in the log, and to the alarm."""

    def report(what: str, error: WatchdogError) -> None:
        logger.error(what, extra={"reason": str(error)})
        if error.misconfigured:
            metrics.count(Metric.MISCONFIGURED)

    return report


class Config:
    """Reads the routes again after `max_age` seconds, and then only if they have changed.

    A good configuration stays in force until a better one can be read: neither a mistake in the
    file nor S3 being away stops the uploads. `report` is told what is wrong then, and the error.
    """

    def __init__(
        self,
        s3: S3Client,
        settings: Settings,
        ledger: Ledger,
        report: Report,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s3 = s3
        self._ledger = ledger
        self._report = report
        self._bucket = settings.bucket
        self._key = CONFIG_KEY
        self._max_age = settings.config_max_age_seconds
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
            self._routes = self._routes or self._last_good()
            if not self._routes:
                raise
            self._report("the last good routes stay in force", error)
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
            text = decode(answer["Body"].read(MAX_BYTES + 1))
            routes = parse(text)
        except ClientError as error:
            if http_status(error) == 304:
                return None
            raise NoRoutesError(self._unreadable(error)) from error
        except BotoCoreError as error:
            raise NoRoutesError(self._unreadable(error)) from error
        except RoutesError as error:
            raise NoRoutesError(
                f"routes are broken: {self._key!r}: {error}; then store them with "
                "`quillgate routes push`"
            ) from error
        self._keep(text)
        self._etag = answer["ETag"]
        return routes

    def _keep(self, text: str) -> None:
        try:
            if self._ledger.text(LAST_GOOD_ROUTES) != text:
                self._ledger.keep_text(LAST_GOOD_ROUTES, text)
        except LedgerError as error:
            # The routes are good all the same.
            self._report("the routes are not kept", error)

    def _last_good(self) -> Routes | None:
        """What a worker before this one kept, if it is there and good for this release, too."""
        try:
            text = self._ledger.text(LAST_GOOD_ROUTES)
            return parse(text) if text else None
        except (LedgerError, RoutesError) as error:
            self._report("the last good routes cannot be used", error)
            return None

    def _unreadable(self, error: Exception) -> str:
        return (
            f"routes cannot be read: {self._key!r} in {self._bucket!r}: {error} - store it with "
            "`quillgate routes push`, and let the watchdog read it"
        )
