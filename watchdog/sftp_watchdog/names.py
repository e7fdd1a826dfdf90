"""Names that are never routed, whatever the routes say."""

from __future__ import annotations

CONFIG_KEY = "watchdog.config"
STORY_SUFFIX = ".story.txt"

# WinSCP uploads `x.filepart` and renames it: the final name comes with an event of its own.
TEMPORARY_SUFFIXES = (".filepart", ".tmp", ".part")


def why_never_routed(key: str) -> str | None:
    """Why an object of that key is no upload to route; None when it may be one."""
    if key.endswith("/"):
        return "a folder marker"
    if key == CONFIG_KEY:
        return "the routes themselves"
    if key.endswith(TEMPORARY_SUFFIXES):
        return "a temporary name"
    return None
