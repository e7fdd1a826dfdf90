"""Every page of the console: what is looked at by axe-core, and what is measured.

tests/unit/test_console_cost.py fails when the console serves a page that is not here.
"""

from __future__ import annotations

# The path as the console declares it, and those to open: with a customer `{user}`, one of the
# customer's files `{key}`, its `{version}`, a version of the routes `{routes}`, and
# a `{day}`, today.
PAGES = {
    "/customers": ["/customers", "/customers?q={user}", "/customers?q=c", "/customers?q=nobody"],
    "/customers/new": ["/customers/new"],
    "/customers/{name}": ["/customers/{user}"],
    "/customers/{name}/": ["/customers/{user}/"],
    "/customers/{name}/keys/new": ["/customers/{user}/keys/new"],
    "/customers/{name}/remove": ["/customers/{user}/remove"],
    "/uploads": [
        "/uploads",
        "/uploads?user={user}",
        "/uploads?state=dead",
        "/uploads?state=rejected",
        "/uploads?user={user}&state=dead",
        "/uploads?user=nobody",
        "/uploads?day={day}",
        "/uploads?user={user}&state=dead&day={day}",
        "/uploads?key={key}",
    ],
    "/uploads/one": ["/uploads/one?key={key}", "/uploads/one?key={key}&version={version}"],
    "/dead-letters": ["/dead-letters"],
    "/dead-letters/all": ["/dead-letters/all"],
    "/health": ["/health"],
    "/routes": ["/routes", "/routes?key={key}"],
    "/routes/edit": ["/routes/edit"],
    "/routes/versions": ["/routes/versions"],
    "/routes/version": ["/routes/version?version_id={routes}"],
    "/changes": ["/changes", "/changes?about={user}"],
}
# Parts of those pages, as they are loaded by themselves.
PARTS = {
    "/uploads/rows": ["/uploads/rows", "/uploads/rows?user={user}&state=dead"],
    "/routes/try": ["/routes/try?key={key}"],
    "/routes/text": ["/routes/text"],
}
# They show nothing of their own.
NO_PAGES = {"/", "/_console/health"}
