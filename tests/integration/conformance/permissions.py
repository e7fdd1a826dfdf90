"""Which S3 permission each operation needs (facts 2.4), shown by users who lack it."""

from __future__ import annotations

from typing import Any

from tests.integration.conformance.client import Client
from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.conformance.stage import document

SHEET = Sheet("permission")
row = SHEET.row
DENIED = Outcome(3, "Permission denied")
SOURCE = "TF-STORAGE"
LIST: dict[str, object] = {
    "Effect": "Allow",
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:::${transfer:HomeBucket}",
    "Condition": {
        "StringLike": {"s3:prefix": ["${transfer:HomeFolder}/*", "${transfer:HomeFolder}"]}
    },
}


def _objects(*actions: str, effect: str = "Allow", keys: str = "*") -> dict[str, object]:
    resource = f"arn:aws:s3:::${{transfer:HomeDirectory}}/{keys}"
    return {"Effect": effect, "Action": [f"s3:{each}" for each in actions], "Resource": resource}


def _user(
    scene: Scene, *statements: dict[str, object], server: tuple[str, int] | None = None
) -> tuple[Client, str]:
    """A user with these rights, and a home with `file` and `folder/` in it; the home's prefix."""
    server_id, port = server or (scene.stage.environment.server_id, None)
    user = scene.stage.user(document(*statements), ServerId=server_id)
    for name in ("file", "folder/"):
        scene.stage.s3.put_object(
            Bucket=scene.stage.bucket,
            Key=f"{user.home}/{name}",
            Body=b"abc" if name == "file" else b"",
        )
    return scene.login(user, port), f"{user.home}/"


def _after(scene: Scene, done: Outcome, home: str) -> Outcome:
    return Outcome(done.code, done.message, scene.stored(home))


@row(
    "put with s3:PutObject alone",
    "a write-only user can upload",
    SOURCE,
    "D",
    Outcome(found=("file", "folder/", "new")),
)
def _write_only(scene: Scene) -> Outcome:
    client, home = _user(scene, _objects("PutObject"))
    return _after(scene, client.put("new"), home)


@row(
    "get as a write-only user",
    "refused",
    SOURCE,
    "D",
    DENIED,
    words="I",
    chosen="status 3 is what clients show as `Permission denied`",
)
def _write_only_reads(scene: Scene) -> Outcome:
    return _user(scene, _objects("PutObject"))[0].get("file")


@row(
    "put without s3:PutObject",
    "Permission denied, at CLOSE",
    "UG2023 troubleshooting",
    "D",
    Outcome(3, "Permission denied", ("opened", "written")),
)
def _no_put(scene: Scene) -> Outcome:
    client, _ = _user(scene, LIST, _objects("GetObject", "DeleteObject"))
    opened = client.open("new")
    written = client.write(opened.handle, 0, b"abc")
    closed = client.close(opened.handle)
    return Outcome(
        closed.code, closed.message, ("opened", "refused" if written.code else "written")
    )


def _needs(case: str, lacks: str, expected: Outcome, ask: Any, **more: Any) -> None:
    """One operation by a user who has every right but one."""
    have = [each for each in ("GetObject", "PutObject", "DeleteObject") if each != lacks]

    @row(
        f"{case} without s3:{lacks}",
        "refused",
        SOURCE,
        "D",
        expected,
        words="I",
        **{"chosen": "status 3 is what clients show as `Permission denied`", **more},
    )
    def _ask(scene: Scene) -> Outcome:
        client, home = _user(scene, *([] if lacks == "ListBucket" else [LIST]), _objects(*have))
        done = ask(client)
        return _after(scene, done, home)


BEFORE = ("file", "folder/")
_KEPT = Outcome(3, "Permission denied", BEFORE)
_needs("ls", "ListBucket", _KEPT, lambda client: client.ls("."))
_needs("get", "GetObject", _KEPT, lambda client: client.get("file"))
_needs("mkdir", "PutObject", _KEPT, lambda client: client.mkdir("made"))
_needs("rm", "DeleteObject", _KEPT, lambda client: client.remove("file"))
_needs("rmdir", "DeleteObject", _KEPT, lambda client: client.rmdir("folder"))
_needs(
    "rename",
    "GetObject",
    Outcome(3, "Forbidden", BEFORE),
    lambda client: client.rename("file", "new"),
)
_needs("rename", "PutObject", _KEPT, lambda client: client.rename("file", "new"))
_needs(
    "rename",
    "DeleteObject",
    Outcome(3, "Permission denied", ("file", "folder/", "new")),
    lambda client: client.rename("file", "new"),
    chosen="the copy is made and stays, since it may be read already; AWS documents nothing",
)


@row(
    "stat without s3:GetObject",
    "Forbidden",
    "https://github.com/hierynomus/sshj/issues/543",
    "C",
    Outcome(3, "Forbidden"),
    words="C",
)
def _stat_denied(scene: Scene) -> Outcome:
    return _user(scene, LIST, _objects("PutObject"))[0].stat("file")


@row(
    "mkdir with PutObject denied on `*/`",
    "forbids mkdir and nothing else",
    SOURCE,
    "D",
    Outcome(3, "Permission denied", ("file", "folder/", "new")),
    words="I",
    chosen="AWS documents that, not its status and words",
)
def _no_mkdir(scene: Scene) -> Outcome:
    forbidden = _objects("PutObject", effect="Deny", keys="*/")
    client, home = _user(scene, LIST, _objects("GetObject", "PutObject"), forbidden)
    client.put("new")
    return _after(scene, client.mkdir("made"), home)


@row(
    "get and ls as a read-only user",
    "work",
    SOURCE,
    "D",
    Outcome(found=(b"abc", ("file", "folder"))),
)
def _read_only(scene: Scene) -> Outcome:
    client, _ = _user(scene, LIST, _objects("GetObject"))
    return Outcome(found=(client.get("file").found, client.ls(".").found))


@row(
    "ls with s3:ListBucket alone, DirectoryListingOptimization DISABLED",
    "asks for each folder's marker, which needs s3:GetObject",
    SOURCE,
    "D",
    Outcome(found=("file", "folder")),
    words="U",
    different="listed as with ENABLED, by s3:ListBucket alone",
    own_server=True,
)
def _list_only(scene: Scene) -> Outcome:
    return _user(scene, LIST, server=scene.stage.server())[0].ls(".")


@row("rm with s3:DeleteObject alone", "works", SOURCE, "D", Outcome(found=("folder/",)))
def _delete_only(scene: Scene) -> Outcome:
    client, home = _user(scene, _objects("DeleteObject"))
    return _after(scene, client.remove("file"), home)


SHEET.not_run(
    "KMS permissions",
    "kms:Decrypt, kms:GenerateDataKey; failure shows at CLOSE",
    SOURCE,
    "D",
    "the local engine does not enforce KMS",
)


@row(
    "a role that does not trust transfer.amazonaws.com",
    "cannot be assumed: nobody gets in",
    "TF-USERS",
    "D",
    Outcome("connection"),
    words="U",
    chosen="AWS documents that, not how the client is told",
)
def _untrusted(scene: Scene) -> Outcome:
    role = scene.stage.make_role(LIST, trusted={"Service": "ec2.amazonaws.com"})
    return scene.login_outcome(scene.stage.user(Role=role))
