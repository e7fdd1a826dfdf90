"""The suite on a deployed stack: what it says when it cannot begin."""

from __future__ import annotations

import pytest

from tests.integration.deployed import NoStack, deployed


def test_missing_credentials_are_no_missing_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with pytest.raises(NoStack) as told:
        deployed("prod", None, {})
    assert str(told.value) == (
        "cannot look at stack: 'prod' in eu-central-1 (Unable to locate credentials)"
        " - check credentials and their rights"
    )
