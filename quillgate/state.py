"""The folder an embedded environment keeps itself in (`.quillgate`), readable by its owner only.

lock               held while `up` runs; whoever holds it is the one that is running
running            there while `up` runs and after a kill: the engine's saved state is then stale
ports.json         where the parts listened on the last run
environment.json   how to reach what runs
parameters.json    template parameters given with --parameter
quill_token        the token of this environment's Quill
testuser_ed25519   the test user's private key, and .pub beside it
engine/ transfer/ quill/ logs/
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import asyncssh

from quillgate.errors import StartError, TargetError
from quillgate.ports import Ports

TEST_USER = "testuser"


class State:
    """One state folder. Made when missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _unusable(folder, error) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one `up`. Raises StartError when another holds it."""
        try:
            opened = (self.folder / "lock").open("a+")
        except OSError as error:
            raise _unusable(self.folder, error) from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StartError(
                    "an environment runs from here already",
                    str(self.folder),
                    "stop it: quillgate down",
                ) from error
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
        shutil.rmtree(self.folder / "engine" / "state", ignore_errors=True)

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
        """Template parameters given now or on an earlier run; remembered."""
        path = self.folder / "parameters.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        merged = {**known, **given}
        if merged != known:
            write_private(path, json.dumps(merged, indent=2))
        return merged

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


def is_running(folder: Path) -> bool:
    """Whether an `up` holds this folder now; true of no folder that is not there."""
    path = folder / "lock"
    if not path.exists():
        return False
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


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
