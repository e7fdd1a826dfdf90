"""From the end of an upload to Quill's hearing of it."""

from __future__ import annotations

import time
from datetime import datetime

from tests.integration.support import Environment, Quill, eventually, put

UPLOADS = 50


def upload_to_quill(environment: Environment) -> list[float]:
    """Seconds for each of `UPLOADS` small files, sent one after the other."""
    user, quill = environment.routed_user(), Quill(environment.quill_url)
    with environment.sftp(user) as session:
        put(session, "incoming/first.csv", b"n\n1\n")
        quill.accepted(f"{user.home}/incoming/first.csv")  # the watchdog is awake, its route known
        seconds = []
        for number in range(UPLOADS):
            name = f"incoming/{number}.csv"
            put(session, name, b"n\n1\n")
            done = time.time()
            item = eventually(lambda: quill.notification(f"{user.home}/{name}"))  # noqa: B023  # called at once
            seconds.append(datetime.fromisoformat(item["received_at"]).timestamp() - done)
    return seconds
