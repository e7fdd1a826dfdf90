"""What is asked of each client, and how its success is seen from S3's side."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.clients.client import Client
from tests.integration.support import eventually

CSV = b"n\n1\n2\n"
OLD = b"old content, longer than the new one\n"
BIG = random.Random(20).randbytes(20 * 1024 * 1024)
MEAN = 'q3 sales é "x" it\'s +100%.csv'
MANY = {f"{number:03}.csv": b"%d\n" % number for number in range(50)}
TREE = {"top.csv": CSV, "sub/a b.csv": CSV, "sub/deeper/é.csv": CSV}
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Scene:
    """One client in a folder of its own: `remote` on the server, `local` here."""

    client: Client
    s3: Any
    bucket: str
    home: str
    remote: str
    local: Path

    def here(self, name: str, content: bytes) -> Path:
        """A local file to send."""
        path = self.local / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def there(self, name: str) -> str:
        return f"{self.remote}/{name}"

    def seed(self, files: Files) -> None:
        """Lay objects in the folder, and the folder's marker."""
        for name, content in {"": b"", **files}.items():
            self.s3.put_object(Bucket=self.bucket, Key=self._prefix + name, Body=content)

    def files(self) -> Files:
        """What S3 holds in the folder, markers of folders included but its own."""
        pages = self.s3.get_paginator("list_objects_v2")
        listed = pages.paginate(Bucket=self.bucket, Prefix=self._prefix)
        keys = [item["Key"] for page in listed for item in page.get("Contents", [])]
        return {
            key.removeprefix(self._prefix): self._content(key)
            for key in keys
            if key != self._prefix
        }

    def assert_uploaded(self, files: Files) -> None:
        """S3 holds these and no others: at once, where the client waits for the server's word."""
        if self.client.closes_late:
            eventually(lambda: self._assert_holds(files))
        self._assert_holds(files)

    def _assert_holds(self, files: Files) -> None:
        found = self.files()
        assert found == files, f"S3 holds {sorted(found)}, not as sent: {sorted(files)}"

    @property
    def _prefix(self) -> str:
        return f"{self.home}/{self.remote}/"

    def _content(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())


@dataclass(frozen=True)
class Operation:
    """A column of the table. `perform` ends with a look at S3 or at what the client got.

    `refusal` is what S3 holds after a refusal as AWS refuses; None where AWS does not refuse.
    """

    title: str
    perform: Callable[[Scene], None]
    seeded: Files = field(default_factory=dict)
    refusal: Files | None = None
    set_stat: str = "ENABLE_NO_OP"

    @property
    def is_refused(self) -> bool:
        """AWS refuses it whatever the client does; by SetStat, only if the client asks."""
        return self.refusal is not None and self.set_stat != "DEFAULT"


def log_in(scene: Scene) -> None:
    scene.client.log_in()


def put(scene: Scene) -> None:
    scene.client.put(scene.here("a.csv", CSV), scene.there("a.csv"))
    scene.assert_uploaded({"a.csv": CSV})


def put_with_times(scene: Scene) -> None:
    scene.client.put_with_times(scene.here("a.csv", CSV), scene.there("a.csv"))
    scene.assert_uploaded({"a.csv": CSV})


def get(scene: Scene) -> None:
    scene.client.get(scene.there("a.csv"), scene.local / "a.csv")
    assert (scene.local / "a.csv").read_bytes() == CSV


def names(scene: Scene) -> None:
    assert sorted(scene.client.names(scene.remote)) == ["a.csv", "folder", "é b.csv"]


def mkdir(scene: Scene) -> None:
    scene.client.mkdir(scene.there("made"))
    assert scene.files() == {"made/": b""}


def rmdir(scene: Scene) -> None:
    scene.client.rmdir(scene.there("made"))
    assert scene.files() == {}


def remove(scene: Scene) -> None:
    scene.client.remove(scene.there("a.csv"))
    assert scene.files() == {"b.csv": CSV}


def rename(scene: Scene) -> None:
    scene.client.rename(scene.there("a.csv.filepart"), scene.there("a.csv"))
    assert scene.files() == {"a.csv": CSV}


def rename_folder(scene: Scene) -> None:
    scene.client.rename(scene.there("old"), scene.there("new"))
    assert {name.split("/")[0] for name in scene.files()} == {"new"}


def rename_onto(scene: Scene) -> None:
    scene.client.rename(scene.there("a.csv"), scene.there("b.csv"))
    assert scene.files() == {"b.csv": CSV}


def resume(scene: Scene) -> None:
    scene.client.resume(scene.here("a.csv", OLD), scene.there("a.csv"))
    assert scene.files() == {"a.csv": OLD}


def empty(scene: Scene) -> None:
    scene.client.put(scene.here("empty", b""), scene.there("empty"))
    assert scene.files() == {"empty": b""}


def both_ways(name: str, content: bytes) -> Callable[[Scene], None]:
    """Put a file and get it back."""

    def perform(scene: Scene) -> None:
        scene.client.put(scene.here(name, content), scene.there(name))
        assert scene.files() == {name: content}
        scene.client.get(scene.there(name), scene.local / "back")
        assert (scene.local / "back").read_bytes() == content

    return perform


def many(scene: Scene) -> None:
    local = [scene.here(f"many/{name}", content) for name, content in MANY.items()]
    scene.client.put_all(local, scene.remote)
    assert scene.files() == MANY


def tree(scene: Scene) -> None:
    for name, content in TREE.items():
        scene.here(f"tree/{name}", content)
    scene.client.put_tree(scene.local / "tree", scene.there("tree"))
    found = {name: body for name, body in scene.files().items() if not name.endswith("/")}
    assert found == {f"tree/{name}": content for name, content in TREE.items()}


TWO = {"a.csv": CSV, "b.csv": OLD}
PART = {"a.csv": OLD[:7]}
LISTED = {"a.csv": CSV, "é b.csv": CSV, "folder/inside.csv": CSV}
OPERATIONS = (
    Operation("log in", log_in),
    Operation("put", put),
    Operation("get", get, {"a.csv": CSV}),
    Operation("overwrite", put, {"a.csv": OLD}),
    Operation("ls", names, LISTED),
    Operation("mkdir", mkdir),
    Operation("rmdir", rmdir, {"made/": b""}),
    Operation("rm", remove, {"a.csv": CSV, "b.csv": CSV}),
    Operation("rename file", rename, {"a.csv.filepart": CSV}),
    Operation("rename folder", rename_folder, {"old/a.csv": CSV}, {"old/a.csv": CSV}),
    Operation("rename onto a file", rename_onto, TWO, TWO),
    Operation("keep times", put_with_times),
    Operation("put, SetStat DEFAULT", put, {}, {"a.csv": CSV}, "DEFAULT"),
    Operation("keep times, SetStat DEFAULT", put_with_times, {}, {"a.csv": CSV}, "DEFAULT"),
    Operation("resume", resume, PART, PART),
    Operation("empty file", empty),
    Operation("20 MB", both_ways("big.bin", BIG)),
    Operation("mean name", both_ways(MEAN, CSV)),
    Operation("many files", many),
    Operation("folder tree", tree),
)
