"""Customers and files as they might be: what the pictures show, and what axe-core looks at."""

from __future__ import annotations

from pathlib import Path

import paramiko

from tests.integration.support import NewUser, Quill, Running, eventually, put, quillgate, waiting

CUSTOMERS = (
    "bakery-north",
    "bakery-south",
    "books-by-the-river",
    "garden-centre",
    "museum-shop",
    "paper-mill",
    "toy-maker",
    "vineyard-hill",
)
KEY = "bakery-north/incoming/q3 sales.csv"
DEAD, REJECTED, UNROUTED, DISABLED = "toy-maker", "garden-centre", "museum-shop", "paper-mill"

_ROUTES = """\
[[route]]
project   = "daily-sales"
directory = "*/incoming"
stories   = "*/outgoing"

[[route]]
project   = "orders"
directory = "toy-maker/incoming"
stories   = "toy-maker/outgoing"

[[route]]
project   = "price-lists"
directory = "garden-centre/incoming"
pattern   = "*.csv"
stories   = "garden-centre/outgoing"
"""


class NotSetError(Exception):
    """A command that sets the stage has failed."""


def set_stage(running: Running, folder: Path) -> None:
    """Make the customers, their routes and files, and wait until each file has its fate."""
    stage, letters = _Stage(running, folder), running.environment.dead_letter_queue_url
    users = {name: stage.customer(name) for name in CUSTOMERS}
    stage.routes(_ROUTES)
    quill = Quill(running.environment.quill_url)
    quill.order_fault(status=503, times=2, project="orders", body="closed for stock-taking")
    quill.order_fault(status=422, times=1, project="price-lists", body="no column 'price'")
    for name, path in (
        ("bakery-north", "incoming/orders 23 november.csv"),
        ("bakery-south", "incoming/q3 sales.csv"),
        ("books-by-the-river", "incoming/stock.csv"),
        (REJECTED, "incoming/prices spring.csv"),
        (DEAD, "incoming/orders.csv"),
        (UNROUTED, "postcards/motifs.csv"),
        (DISABLED, "incoming/deliveries.csv"),
        ("vineyard-hill", "incoming/harvest é.csv"),
        ("bakery-north", "incoming/q3 sales.csv"),
    ):
        stage.upload(users[name], path)
    quill.accepted(KEY)
    eventually(lambda: _assert_waiting(running, letters, 1))
    stage.run("users", "disable", DISABLED)


def _assert_waiting(running: Running, url: str, count: int) -> None:
    assert waiting(running.environment, url) == count


class _Stage:
    def __init__(self, running: Running, folder: Path) -> None:
        self._running, self._folder = running, folder

    def run(self, *words: str) -> None:
        done = quillgate(*words, "--state", str(self._running.state))
        if done.returncode:
            raise NotSetError(done.stderr)

    def customer(self, name: str) -> NewUser:
        key = paramiko.ECDSAKey.generate()
        public = self._folder / f"{name}.pub"
        public.write_text(f"{key.get_name()} {key.get_base64()} {name}@office\n")
        self.run("users", "add", name, "--key", str(public))
        return NewUser(name, name, key)

    def routes(self, text: str) -> None:
        file = self._folder / "routes.toml"
        file.write_text(text)
        self.run("routes", "push", str(file))

    def upload(self, user: NewUser, path: str) -> None:
        with self._running.environment.sftp(user) as sftp:
            if path.startswith("postcards"):
                sftp.mkdir("postcards")
            put(sftp, path, b"day,amount\n2026-11-23,1204.50\n")
