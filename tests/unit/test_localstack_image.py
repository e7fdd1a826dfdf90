"""What the LocalStack image is built from."""

from __future__ import annotations

from pathlib import Path

REPO = Path(__file__).parents[2]
IMAGE = REPO / "emulator" / "localstack"


def pins(path: Path) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return {line for line in lines if line}


def test_functions_get_what_the_tests_have() -> None:
    wanted = pins(IMAGE / "requirements.txt")
    assert {"awslambdaric", "boto3"} <= {pin.partition("==")[0] for pin in wanted}
    assert wanted <= pins(REPO / "constraints.txt")


def test_what_is_built_offline_is_what_is_built_upon() -> None:
    (base,) = (x for x in (IMAGE / "Dockerfile").read_text().splitlines() if x.startswith("FROM "))
    assert f"LOCALSTACK={base.removeprefix('FROM ')}\n" in (REPO / ".ci/images-offline").read_text()
