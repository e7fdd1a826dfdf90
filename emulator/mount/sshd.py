"""sshd as our child: started, told of changes, stopped."""

from __future__ import annotations

import logging
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import IO

log = logging.getLogger("sshd")

SSHD = "/usr/sbin/sshd"
START_SECONDS = 10.0


class SshdError(Exception):
    """sshd does not run, or does not take its configuration."""


class Sshd:
    """One sshd with this configuration; `read(line)` says whether a line is for people.

    Its connections outlive `stop`: they are `Logins`' to end.
    """

    def __init__(self, config: Path, read: Callable[[str], bool], program: str = SSHD) -> None:
        self._program = program
        self._config = config
        self._read = read
        self._process: subprocess.Popen[str] | None = None
        self._listens = Event()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped; it may have died."""
        return self._process is not None

    def check(self) -> None:
        """Raise SshdError when it has died."""
        if self._process and (code := self._process.poll()) is not None:
            raise SshdError(f"sshd ended by itself: 'exit {code}' - its log says why")

    def serve(self) -> None:
        """Start it, or let it read its configuration again; returns when it listens."""
        self._test()
        self._listens.clear()
        if self._process:
            self._process.send_signal(signal.SIGHUP)
        else:
            self._start()
        if not self._listens.wait(START_SECONDS):
            self.check()
            raise SshdError(f"sshd does not listen after '{START_SECONDS:g} s' - its log says why")

    def stop(self) -> None:
        """Stop listening."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        # Nothing of our environment: it holds the credentials for all of S3.
        self._process = subprocess.Popen(  # noqa: S603
            [self._program, "-D", "-e", "-f", str(self._config)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        if self._process.stderr:
            Thread(target=self._follow, args=(self._process.stderr,), daemon=True).start()

    def _test(self) -> None:
        command = [self._program, "-t", "-f", str(self._config)]
        tested = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if tested.returncode:
            reason = tested.stderr.strip().replace("\r\n", "; ")
            raise SshdError(f"sshd refuses its configuration: '{self._config}' - {reason}")

    def _follow(self, lines: IO[str]) -> None:
        with lines:
            for line in map(str.strip, lines):
                if line.startswith("Server listening on"):
                    self._listens.set()
                if self._read(line):
                    log.info("sshd: %s", line)
