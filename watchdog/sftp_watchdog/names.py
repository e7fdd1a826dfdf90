"""Names that are never routed, whatever the routes say."""

from __future__ import annotations

CONFIG_KEY = "watchdog.config"
STORY_SUFFIX = ".story.txt"

# WinSCP uploads `x.filepart` and renames it: the final name comes with an event of its own.
TEMPORARY_SUFFIXES = (".filepart", ".tmp", ".part")


def why_never_routed(key: str, config_key: str = CONFIG_KEY) -> str | None:
    """Why an object of that key is no upload to route; None when it may be one."""
    if key.endswith("/"):
        return "a folder marker"
    if key == config_key:
        return "the routes themselves"
    if key.endswith(TEMPORARY_SUFFIXES):
        return "a temporary name"
    return None
