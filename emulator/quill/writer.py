"""Threads that turn accepted notifications into stories, and try again when S3 refuses."""

from __future__ import annotations

import heapq
import threading
import time
from functools import partial

from emulator.quill.inbox import Inbox, Job
from emulator.quill.logs import log
from emulator.quill.objects import ObjectError, Objects
from emulator.quill.stories import tell

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)


class StoryWriter:
    """A bounded number of threads. What they leave unwritten is written after the next start."""

    def __init__(
        self,
        inbox: Inbox,
        objects: Objects,
        *,
        threads: int = 3,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    ) -> None:
        """`retry_seconds`: the pause before each further try; after the last it gives up."""
        self._inbox = inbox
        self._objects = objects
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, int]] = []
        self._stopping = False
        # Daemons: a file of 5 GB being read must not hold up the end of the process.
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        """Begin, with what an earlier run left unwritten."""
        for seq in self._inbox.unwritten():
            self.add(seq)
        for thread in self._threads:
            thread.start()

    def add(self, seq: int, *, tries: int = 0, delay: float = 0.0) -> None:
        """Have the story of this row of the inbox written, `delay` seconds from now."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, seq, tries))
            self._changed.notify()

    def stop(self, seconds: float = 0.5) -> None:
        """Take up nothing more; wait so long at most for what is under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            self._work(*taken)

    def _take(self) -> tuple[int, int] | None:
        """The next row that is due, with the number of tries it had; None when stopping."""
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    _, seq, tries = heapq.heappop(self._due)
                    return seq, tries
                self._changed.wait(wait)
        return None

    def _work(self, seq: int, tries: int) -> None:
        try:
            job = self._inbox.job(seq)
            if job is not None:
                self._write(job, tries)
        except Exception as error:  # the thread must outlive any file
            if not self._stopping:
                log("story_broken", seq=seq, error=repr(error))

    def _write(self, job: Job, tries: int) -> None:
        told = job.notification
        try:
            text = tell(job, self._objects.read(told.bucket, told.key, told.version_id))
            put = partial(self._objects.put_text, told.bucket)
            wanted = self._inbox.deliver(job, text, put)
        except ObjectError as error:
            self._failed(job, tries, str(error))
        except Exception as error:
            self._inbox.give_up(job, f"telling the story failed: {error!r} - report it as a defect")
            raise
        else:
            log("story_written" if wanted else "story_not_wanted", id=told.id, key=told.story_key)

    def _failed(self, job: Job, tries: int, words: str) -> None:
        if tries < len(self._retry_seconds):
            delay = self._retry_seconds[tries]
            log("story_delayed", id=job.notification.id, seconds=delay, reason=words)
            self.add(job.seq, tries=tries + 1, delay=delay)
        else:
            log("story_given_up", id=job.notification.id, reason=words)
            self._inbox.give_up(job, f"{words} (tried {tries + 1} times)")
