"""The folder an environment keeps itself in (`.quillgate`), readable by its owner only.

lock               held while `up` runs, and its process id
running            there while `up` runs and after a kill: the engine's saved state is then stale
sweep_owed         there from the loss of the engine's queues until every object is queued again
ports.json         where the parts listened on the last run
environment.json   how to reach what runs
parameters.json    template parameters given with --parameter
quill_token        the token of this environment's Quill
testuser_ed25519   the test user's private key, and .pub beside it
engine/ transfer/ quill/ logs/

All but the test user's key is the embedded environment's. Of the compose project, which keeps the
rest in volumes, there are `compose.json` and `compose-parameters.json`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO

import asyncssh

from quillgate.errors import StartError, TargetError
from quillgate.ports import Ports

TEST_USER = "testuser"
DEFAULT_STATE = Path(".quillgate")


class State:
    """One state folder. Made when missing."""

    def __init__(self, folder: Path, environment: str = "embedded") -> None:
        self.folder = folder.absolute()
        prefix = "" if environment == "embedded" else f"{environment}-"
        self._parameters_file = self.folder / f"{prefix}parameters.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise _unusable(folder, error) from error

    @contextlib.contextmanager
    def locked(self, patience_seconds: float = 1.0) -> Iterator[None]:
        """Hold the folder for one `up`. Raises StartError when another holds it."""
        with (self.folder / "lock").open("a+") as file:
            if not _lock(file, patience_seconds):
                advice = f"stop it: quillgate down{state_option(self.folder)}"
                raise StartError("an environment runs from here already", str(self.folder), advice)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            # Of an earlier run that was killed: nobody shall take it for this one's.
            (self.folder / "environment.json").unlink(missing_ok=True)
            yield

    def last_ports(self) -> Ports | None:
        """Where the parts listened on the last run, if there was one."""
        path = self.folder / "ports.json"
        return Ports(**json.loads(path.read_text())) if path.exists() else None

    def engine_is_stale(self, ports: Ports) -> bool:
        """Whether what the engine saved cannot be used.

        The last `up` was killed, so that the engine did not save what it knew; or the engine gets
        another port, under which it would not find its queues again.
        """
        last = self.last_ports()
        moved = last is not None and last.engine != ports.engine
        return moved or (self.folder / "running").exists()

    def mark_running(self, ports: Ports) -> None:
        """To be called before the engine starts."""
        (self.folder / "running").touch()
        write_private(self.folder / "ports.json", json.dumps(asdict(ports)))

    def mark_stopped(self) -> None:
        """To be called once the engine has saved its state and ended."""
        (self.folder / "running").unlink(missing_ok=True)

    def forget_engine(self) -> None:
        """Drop what the engine saved at an earlier clean stop; objects are not in there."""
        (self.folder / "sweep_owed").touch()
        shutil.rmtree(self.folder / "engine" / "state", ignore_errors=True)

    def sweep_is_owed(self) -> bool:
        """Whether queues were lost, and not everything is queued again since."""
        return (self.folder / "sweep_owed").exists()

    def mark_swept(self) -> None:
        """To be called once everything is queued again."""
        (self.folder / "sweep_owed").unlink()

    def path(self, *parts: str) -> Path:
        """A folder inside, made when missing."""
        path = self.folder.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self.folder / "logs" / f"{name}.log"

    def quill_token(self) -> str:
        """This environment's token, the same on every run."""
        path = self.folder / "quill_token"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def parameters(self, given: Mapping[str, str]) -> dict[str, str]:
        """Template parameters given now or remembered; an empty value is the template's default."""
        path = self._parameters_file
        known = json.loads(path.read_text()) if path.exists() else {}
        return {name: value for name, value in {**known, **given}.items() if value}

    def remember_parameters(self, given: Mapping[str, str]) -> None:
        """To be called once they have proved good: the stack is deployed with them."""
        write_private(self._parameters_file, json.dumps(self.parameters(given), indent=2))

    def test_user_key(self) -> Path:
        """The test user's private key (OpenSSH format, ed25519), made when missing."""
        path = self.folder / f"{TEST_USER}_ed25519"
        if not path.exists():
            key = asyncssh.generate_private_key("ssh-ed25519", comment=f"{TEST_USER}@quillgate")
            path.with_suffix(".pub").write_bytes(key.export_public_key())
            write_private(path, key.export_private_key().decode())
        return path

    def test_user_public_key(self) -> str:
        """The line to import for the test user. Raises StartError for a key that is none."""
        path = self.test_user_key()
        try:
            key = asyncssh.read_private_key(path)
        except (OSError, asyncssh.KeyImportError) as error:
            advice = f"remove it and a new one is made ({error})"
            raise StartError("not a private key", str(path), advice) from error
        return key.export_public_key().decode().strip()


def state_option(folder: Path) -> str:
    """What to add to a command that is about this folder; nothing for the default one."""
    is_default = folder.absolute() == DEFAULT_STATE.absolute()
    return "" if is_default else f" --state {shlex.quote(str(folder))}"


def running_pid(folder: Path) -> int | None:
    """The process id of the `up` that holds this folder now, if one does."""
    path = folder / "lock"
    if not path.exists():
        return None
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return int(file.read() or 0) or None
    return None


def _lock(file: IO[str], patience_seconds: float) -> bool:
    """Take the lock; somebody who only looks at it holds it for a moment, hence the patience."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _unusable(folder: Path, error: OSError) -> StartError:
    return StartError("cannot keep state in", str(folder), f"name another: --state ({error})")


def write_private(path: Path, text: str) -> None:
    """Write a file its owner alone may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise TargetError("cannot write", str(path), str(error)) from error
