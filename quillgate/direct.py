"""HTTP to what runs on this machine: no proxy, whatever the caller's environment says."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Whether a GET gets a 200 within two seconds."""
    try:
        with _OPENER.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, HTTPException):
        return False


def get_json(url: str) -> dict[str, Any]:
    """The object that a GET answers with. Raises OSError when there is no good answer."""
    with _OPENER.open(url, timeout=5) as response:
        return dict(json.load(response))
