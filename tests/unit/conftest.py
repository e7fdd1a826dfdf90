"""What keeps the unit tests quick, and the Transfer API on loopback, started once for all."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest
import uvicorn
from botocore.config import Config

from emulator.transfer.api import create_app
from emulator.transfer.store import Store
from tests.unit.users_fakes import Stack

if TYPE_CHECKING:
    from types_boto3_transfer import TransferClient

# A busy machine is no failure, and nothing is kept from one run to the next.
hypothesis.settings.register_profile("unit", database=None, deadline=None)
hypothesis.settings.load_profile("unit")

# What is imported stays: to look through it for garbage again and again takes a second.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def transfer_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("state") / "transfer.sqlite3") as opened:
        yield opened


@pytest.fixture(scope="session")
def transfer_url(transfer_store: Store) -> Iterator[str]:
    app = create_app(transfer_store, account_id="000000000000", region="us-east-1")
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_config=None))
    # asyncio switches Nagle's algorithm off only where the protocol is named: 40 ms a call.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def transfer_client(transfer_url: str) -> Iterator[TransferClient]:
    """Plain boto3, that leaves it to the API to look at requests."""
    made = boto3.Session("test", "test", region_name="us-east-1").client(
        "transfer",
        endpoint_url=transfer_url,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of Transfer's, for a module: each `stack` has a server of its own in it."""
    with Store(tmp_path_factory.mktemp("state") / "transfer.sqlite3") as opened:
        yield opened


@pytest.fixture
def stack(store: Store) -> Stack:
    """A stack with a server, a bucket of uploads and a ledger."""
    return Stack(store)
