"""How the fake Quill is started: arguments say where, the environment with whose keys."""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class SettingsError(Exception):
    """A setting is missing or unusable; the words say which, and what to do."""


@dataclass(frozen=True)
class Settings:
    """`state` is a folder; `role_arn`, when set, is the role whose credentials S3 sees."""

    host: str
    port: int
    state: Path
    token: str = field(repr=False)
    role_arn: str | None = None
    region: str = "us-east-1"


def read_settings(arguments: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """From `QUILL_TOKEN`, `QUILL_ROLE_ARN`, `AWS_REGION` or `AWS_DEFAULT_REGION`, and arguments.

    With `--token-file` the token is that file's, which is made when missing.

    Raises `SettingsError`; exits with 2 for wrong usage, as argparse does.
    """
    options = _parser().parse_args(arguments)
    token = _kept(options.token_file) if options.token_file else environ.get("QUILL_TOKEN", "")
    if not token:
        where = options.token_file or "QUILL_TOKEN"
        raise SettingsError(f"no token: '{where}' is empty - set it to the token callers send")
    return Settings(
        host=options.host,
        port=options.port,
        state=options.state,
        token=token,
        role_arn=environ.get("QUILL_ROLE_ARN") or None,
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
    )


def _kept(file: Path) -> str:
    """The token in `file`, for its owner alone; written whole or not at all."""
    try:
        if not file.exists():
            draft = file.with_name(f"{file.name}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(24))
            draft.replace(file)
        return file.read_text()
    except OSError as error:
        raise SettingsError(
            f"token cannot be kept: '{file}' - name another file: {error}"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m emulator.quill",
        description="The fake Quill. Needs QUILL_TOKEN; S3 by the usual AWS variables.",
        epilog="example: QUILL_TOKEN=secret python -m emulator.quill --port 8088 --state .quill",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8088, help="port to listen on (%(default)s)")
    parser.add_argument("--state", type=Path, required=True, help="folder for the inbox")
    parser.add_argument("--token-file", type=Path, help="in place of QUILL_TOKEN; made if missing")
    return parser
