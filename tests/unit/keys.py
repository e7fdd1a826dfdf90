"""Keys for tests."""

from __future__ import annotations

from functools import cache

import asyncssh


@cache
def rsa_key() -> asyncssh.SSHKey:
    """Made once: it takes a tenth of a second."""
    return asyncssh.generate_private_key("ssh-rsa")
