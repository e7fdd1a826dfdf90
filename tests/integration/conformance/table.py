"""All rows of the fidelity table, in its order."""

from __future__ import annotations

from tests.integration.conformance import (
    api_errors,
    homes,
    keys,
    limits,
    operations,
    paths,
    permissions,
    refusals,
    servers,
    uploads,
    users_api,
)
from tests.integration.conformance.openssh import on_compose
from tests.integration.conformance.row import Row, Sheet

SHEETS: tuple[Sheet, ...] = (
    operations.SHEET,
    refusals.SHEET,
    paths.SHEET,
    limits.SHEET,
    servers.SHEET,
    uploads.SHEET,
    uploads.EVENTS,
    users_api.SHEET,
    keys.SHEET,
    api_errors.SHEET,
    homes.SHEET,
    homes.VARIABLES,
    permissions.SHEET,
)
ROWS: tuple[Row, ...] = tuple(on_compose(row) for sheet in SHEETS for row in sheet.rows)
