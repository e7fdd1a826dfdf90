from __future__ import annotations

import logging
from pathlib import Path

import pytest

from emulator.quill.logs import JsonLines
from emulator.quill.settings import Settings, SettingsError, read_settings


def test_what_is_not_said_is_local() -> None:
    assert read_settings(["--state", "s"], {"QUILL_TOKEN": "t", "QUILL_ROLE_ARN": ""}) == Settings(
        host="127.0.0.1", port=8088, state=Path("s"), token="t", role_arn=None, region="us-east-1"
    )


def test_arguments_and_environment_are_heard() -> None:
    arguments = ["--host", "0.0.0.0", "--port", "1", "--state", "s"]  # noqa: S104 - compose does
    environ = {"QUILL_TOKEN": "t", "QUILL_ROLE_ARN": "arn:x", "AWS_DEFAULT_REGION": "eu-west-1"}

    settings = read_settings(arguments, environ)

    assert (settings.host, settings.port) == ("0.0.0.0", 1)  # noqa: S104
    assert (settings.role_arn, settings.region) == ("arn:x", "eu-west-1")
    assert "'t'" not in repr(settings)


def test_without_a_token_it_does_not_start() -> None:
    with pytest.raises(SettingsError, match="'QUILL_TOKEN' is empty"):
        read_settings(["--state", "s"], {})


def test_a_token_file_is_made_once_and_goes_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    arguments = ["--state", "s", "--token-file", str(file)]
    first = read_settings(arguments, {"QUILL_TOKEN": "t"}).token
    assert len(first) >= 32
    assert file.read_text() == first
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file], "no draft is left"
    assert read_settings(arguments, {}).token == first


def test_a_token_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    file = tmp_path / "no folder" / "token"
    with pytest.raises(SettingsError, match=rf"^token cannot be kept: '{file}' - name another"):
        read_settings(["--state", "s", "--token-file", str(file)], {})


def test_an_empty_token_file_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    with pytest.raises(SettingsError, match=r"^no token: "):
        read_settings(["--state", "s", "--token-file", str(tmp_path / "token")], {})


def test_a_log_line_is_json_with_ids_first() -> None:
    record = logging.makeLogRecord({"msg": "accepted", "facts": {"id": "7d", "key": "a\nb"}})

    line = JsonLines().format(record)

    assert line.startswith('{"id": "7d", "key": "a\\nb", "decision": "accepted"')
    assert "\n" not in line
