"""The package that is deployed holds all the watchdog needs: boto3 is what Lambda adds."""

from __future__ import annotations

import io
import site
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import Environment

# What Lambda's Python has beside its standard library, less what the package brings itself.
LAMBDA_HAS = ("boto3", "botocore", "s3transfer", "dateutil", "six.py")


@pytest.fixture(scope="module")
def package(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deployed function's code, unpacked."""
    s3: Any = environment.client("s3")
    packages = s3.list_objects_v2(Bucket="quillgate-artifacts")["Contents"]
    # A compose project that was up before may have older ones, too.
    item = max(packages, key=lambda each: str(each["LastModified"]))
    body = s3.get_object(Bucket="quillgate-artifacts", Key=item["Key"])["Body"].read()
    folder = tmp_path_factory.mktemp("package")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(folder)
    return folder


def test_it_runs_where_there_is_nothing_else(package: Path, tmp_path: Path) -> None:
    for name in LAMBDA_HAS:
        (tmp_path / name).symlink_to(Path(site.getsitepackages()[0]) / name)
    program = (
        f"import sys; sys.path[:0] = [{str(package)!r}, {str(tmp_path)!r}];"
        "from sftp_watchdog.handler import lambda_handler; print(lambda_handler.__module__)"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.strip() == "sftp_watchdog.handler", ran.stderr


def test_it_holds_nothing_that_was_compiled_here(package: Path) -> None:
    names = {path.suffix for path in package.rglob("*") if path.is_file()}
    assert not names & {".so", ".pyc", ".pyd"}
