from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from quillgate.compose import check_readable, path_on_host, read_settings
from quillgate.errors import DeployError

REPO = Path(__file__).parents[2]
ENVIRON = {
    "AWS_ENDPOINT_URL": "http://localstack:4566",
    "AWS_ENDPOINT_URL_TRANSFER": "http://transfer:4567",
    "QUILL_URL": "http://quill:8088",
    "QUILL_TOKEN_FILE": "/token/token",
    "QUILLGATE_AWS_PORT": "5566",
    "QUILLGATE_TRANSFER_PORT": "5567",
    "QUILLGATE_SFTP_PORT": "3222",
    "QUILLGATE_QUILL_PORT": "9088",
    "QUILLGATE_CONSOLE_PORT": "9080",
    "QUILLGATE_STATE": "/state",
    "HOST_FOLDER": "/home/miró/drop",
    "HOST_STATE": "./.quillgate",
}


def mounted(source: str) -> str:
    lines = (
        "90 73 0:21 / /proc rw - proc proc rw",
        f"91 73 254:0 {source} /state rw,relatime - ext4 /dev/vda rw",
        "92 73 254:0 /other /state/inner rw,relatime - ext4 /dev/vda rw",
    )
    return "\n".join(lines) + "\n"


def services() -> dict[str, Any]:
    """Of docker-compose.yml, with what they share written out."""
    loaded = yaml.safe_load((REPO / "docker-compose.yml").read_text())
    return dict(loaded["services"])


def test_people_are_told_the_published_ports() -> None:
    settings = read_settings(ENVIRON, mounted("/home/miró/drop/.quillgate"))
    assert settings.aws == "http://localstack:4566"
    assert settings.published.aws == "http://127.0.0.1:5566"
    assert settings.published.transfer == "http://127.0.0.1:5567"
    assert settings.published.sftp_port == 3222
    assert settings.published.quill == "http://127.0.0.1:9088"
    assert settings.state_on_host == Path("/home/miró/drop/.quillgate")
    assert settings.client("transfer").meta.endpoint_url == "http://transfer:4567"
    assert settings.client("sqs").meta.endpoint_url == "http://localstack:4566"


@pytest.mark.parametrize(
    ("said", "source", "expected"),
    [
        ("/home/me/drop/./.q", "/home/me/drop/.q", "/home/me/drop/.q"),
        # The kernel knows the path within its own file system only.
        ("/home/me/drop/.q", "/me/drop/.q", "/home/me/drop/.q"),
        ("/home/me/drop/.q", "/.q", "/home/me/drop/.q"),
        ("/home/me/drop/.q", "/", "/home/me/drop/.q"),
        ("/home/me/drop/.q", "/@home/me/drop/.q", "/home/me/drop/.q"),
        # The shell was elsewhere when it called compose.
        ("/tmp/.q", "/home/me/drop/.q", "/home/me/drop/.q"),
        ("/.q", "/home/me/drop/.q", "/home/me/drop/.q"),
        ("/.q", r"/home/a\040b\134c/.q", r"/home/a b\c/.q"),
        ("/home/a b/.q", r"/home/a\040b/.q", "/home/a b/.q"),
    ],
)
def test_the_state_folder_is_found_on_the_host(said: str, source: str, expected: str) -> None:
    assert path_on_host(Path(said), Path("/state"), mounted(source)) == Path(expected)


def test_the_compose_file_lets_nobody_else_in() -> None:
    for name, service in services().items():
        ports = service.get("ports", [])
        assert all(port.startswith("127.0.0.1:${") for port in ports), name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["read_only"], name
        assert "privileged" not in service, name
        assert not any("docker.sock" in str(volume) for volume in service.get("volumes", [])), name


def test_the_compose_files_settings_have_defaults() -> None:
    text = (REPO / "docker-compose.yml").read_text()
    lines = (REPO / ".env").read_text().splitlines()
    defaults = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    used = {word.partition("}")[0] for word in text.split("${")[1:]}
    assert {name for name in used if name.startswith("QUILLGATE_")} <= defaults
    # These two are Compose's and the shell's own.
    assert {name for name in used if not name.startswith("QUILLGATE_")} == {
        "COMPOSE_PROJECT_NAME",
        "PWD:-/",
    }


def test_an_image_is_built_by_one_service() -> None:
    """Built by each that has it, an image may be another one at the next `up`: all start anew."""
    built = [service["image"] for service in services().values() if "build" in service]
    assert sorted(built) == sorted({service["image"] for service in services().values()})


def test_a_file_of_somebody_else_is_named_as_people_know_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    key = tmp_path / "testuser_ed25519"
    key.touch()
    home = Path("/home/miró")
    check_readable(tmp_path, home, lambda path: path == key)
    with pytest.raises(DeployError, match="'/home/miró/testuser_ed25519' - give it to the owner"):
        check_readable(tmp_path, home, lambda path: path != key)
