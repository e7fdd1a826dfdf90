"""Every page of the console: what is looked at by axe-core, and what is measured.

tests/unit/test_console_cost.py fails when the console serves a page that is not here.
"""

from __future__ import annotations

# The path as the console declares it, and one to open: with a customer `{user}`, a file `{key}`,
# its `{version}`.
PAGES = {
    "/changes": ["/changes", "/changes?about={user}"],
}
# They show nothing of their own.
NO_PAGES = {"/", "/_console/health"}
