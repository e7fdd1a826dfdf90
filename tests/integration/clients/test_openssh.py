"""OpenSSH's own clients over the whole way: to Quill and back, and no further than the home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.clients.client import Refused
from tests.integration.clients.conftest import login_files
from tests.integration.clients.openssh import Scp, Sftp
from tests.integration.support import Environment, NewUser, Quill

pytestmark = pytest.mark.clients
NAME = 'q3 sales+más "x" 100%.csv'
CSV = b"n\n1\n2\n"


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    return environment.routed_user()


@pytest.fixture
def client(environment: Environment, customer: NewUser, tmp_path: Path) -> Sftp:
    return Sftp(login_files(environment, customer, tmp_path))


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    (tmp_path / NAME).write_bytes(CSV)
    return tmp_path / NAME


def test_sftp_sends_a_file_and_fetches_its_story(
    client: Sftp, customer: NewUser, quill: Quill, sent: Path
) -> None:
    client.mkdir("incoming")
    client.put(sent, f"incoming/{NAME}")
    client.put_with_times(sent, "incoming/kept-times.csv")
    quill.accepted(f"{customer.home}/incoming/{NAME}")
    quill.accepted(f"{customer.home}/incoming/kept-times.csv")
    story = sent.with_name("story.txt")
    client.get(f"outgoing/{NAME}.story.txt", story)
    assert NAME in story.read_text()


def test_scp_sends_a_file_to_quill(
    client: Sftp, customer: NewUser, quill: Quill, sent: Path
) -> None:
    scp = Scp(client.login)
    scp.put(sent, f"incoming/{NAME}")
    quill.accepted(f"{customer.home}/incoming/{NAME}")
    scp.get(f"incoming/{NAME}", sent.with_name("got.csv"))
    assert sent.with_name("got.csv").read_bytes() == CSV


def test_a_neighbour_is_refused(
    environment: Environment, client: Sftp, new_user: Callable[..., NewUser], sent: Path
) -> None:
    other = new_user()
    with pytest.raises(Refused, match="ermission denied"):
        client.put(sent, f"/{environment.bucket}/{other.home}/a.csv")
    # What OpenSSH makes of a refused stat.
    with pytest.raises(Refused, match="not found"):
        client.get(f"/{environment.bucket}/watchdog.config", sent.with_name("stolen"))
    # `cd`, too, begins with a stat.
    with pytest.raises(Refused, match="ermission denied"):
        client.names(f"/{environment.bucket}/{other.home}")
