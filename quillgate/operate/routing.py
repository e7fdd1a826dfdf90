"""The routes in force, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass

from sftp_watchdog.errors import RoutesError
from sftp_watchdog.ledger import Ledger
from sftp_watchdog.ledger_names import LAST_GOOD_ROUTES
from sftp_watchdog.names import CONFIG_KEY
from sftp_watchdog.routes import Routes, decode, parse

from quillgate.operate.deployment import Deployment
from quillgate.operate.words import safe
from quillgate.routes_store import RoutesStore, Stored


@dataclass(frozen=True)
class Routing:
    """`routes` are those the watchdog goes by, if any.

    `problem` says why what is `stored` cannot be used; then `routes` are the last good ones.
    """

    routes: Routes | None
    problem: str | None = None
    stored: Stored | None = None


def routing(deployment: Deployment) -> Routing:
    """Read the routes as the watchdog does."""
    stored = RoutesStore.at(deployment).read()
    problem = f"there is no {CONFIG_KEY}"
    if stored:
        try:
            return Routing(parse(decode(stored.content)), stored=stored)
        except RoutesError as error:
            problem = f"{CONFIG_KEY} is broken: {safe(str(error))}"
    return Routing(_last_good(deployment.ledger), problem, stored)


def _last_good(ledger: Ledger) -> Routes | None:
    """None as well when they are no longer good: for this release, and so for the watchdog."""
    text = ledger.text(LAST_GOOD_ROUTES)
    try:
        return parse(text) if text else None
    except RoutesError:
        return None
