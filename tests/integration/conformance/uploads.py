"""When an object appears, what it carries and which events S3 sends (facts 1.5)."""

from __future__ import annotations

from collections import Counter

from tests.integration.conformance.client import NEW
from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.raw_sftp import Kind, attributes
from tests.integration.support import eventually

SHEET = Sheet("upload")
EVENTS = Sheet("event")
row, event = SHEET.row, EVENTS.row
LARGE = 9 * 1024 * 1024
RENAMES = 200


@row(
    "before CLOSE",
    "written at CLOSE",
    "UG2023 troubleshooting",
    "D",
    Outcome(found=((), ("file",))),
)
def _before_close(scene: Scene) -> Outcome:
    opened = scene.open("file")
    scene.write(opened.handle, 0, b"abc")
    before = scene.stored()
    scene.close(opened.handle)
    return Outcome(found=(before, scene.stored()))


@row(
    "a connection cut with a file open",
    "the part received is stored",
    "TF-FILE",
    "D",
    Outcome(found=b"abc"),
)
def _cut(scene: Scene) -> Outcome:
    _cut_upload(scene)
    return scene.get("file")


@row(
    "marks on the object",
    "user-agent AWSTransfer, user-agent-id username@server-id",
    "TF-FILE",
    "D",
    Outcome(found={"user-agent": "AWSTransfer", "user-agent-id": "HOME@s-ID"}),
)
def _marks(scene: Scene) -> Outcome:
    scene.put("file")
    head = scene.stage.s3.head_object(Bucket=scene.stage.bucket, Key=f"{scene.prefix}file")
    return Outcome(found={name: scene.shown(text) for name, text in head["Metadata"].items()})


@row(
    "marks on a renamed object",
    "rename is copy and delete",
    "TF-FILE",
    "I",
    Outcome(found="AWSTransfer"),
    chosen="inferred: a copy keeps metadata",
)
def _renamed_marks(scene: Scene) -> Outcome:
    scene.put("old")
    scene.rename("old", "new")
    head = scene.stage.s3.head_object(Bucket=scene.stage.bucket, Key=f"{scene.prefix}new")
    return Outcome(found=head["Metadata"].get("user-agent"))


@event(
    "a new file",
    "one ObjectCreated:Put",
    "TF-FILE, S3-UG",
    "I",
    Outcome(found=("Put file",)),
    chosen="small files are one PutObject; AWS's threshold is not documented",
)
def _new(scene: Scene) -> Outcome:
    scene.put("file")
    return Outcome(found=scene.events())


@event(
    "a new file of 9 MiB",
    "one CompleteMultipartUpload (multipart is used; the threshold is not documented)",
    "TF-FILE",
    "I",
    Outcome(found=("CompleteMultipartUpload file",)),
    chosen="parts of 8 MiB here",
)
def _large(scene: Scene) -> Outcome:
    scene.put("file", bytes(LARGE))
    return Outcome(found=scene.events())


@event("an overwritten file", "one event", "S3-UG", "D", Outcome(found=("Put file", "Put file")))
def _overwritten(scene: Scene) -> Outcome:
    scene.put("file")
    scene.put("file", b"new")
    return Outcome(found=scene.events())


@event("an empty file", "one event", "S3-UG", "D", Outcome(found=("Put file",)))
def _empty(scene: Scene) -> Outcome:
    scene.put("file", b"")
    return Outcome(found=scene.events())


@event(
    "mkdir",
    "one event, for a key that ends in `/`",
    "S3-UG",
    "I",
    Outcome(found=("Put folder/",)),
    chosen="inferred: the marker is a PutObject",
)
def _mkdir(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    return Outcome(found=scene.events())


@event("put -p", "one event: SETSTAT changes nothing", "TF-FILE", "D", Outcome(found=("Put file",)))
def _put_keeping_times(scene: Scene) -> Outcome:
    times = attributes(mode=0o644, times=(1, 1))
    handle = scene.raw.request(Kind.OPEN, scene.path("file"), NEW, times).handle
    scene.write(handle, 0, b"abc")
    scene.ask(Kind.FSETSTAT, handle, times)
    scene.close(handle)
    scene.ask(Kind.SETSTAT, scene.path("file"), times)
    return Outcome(found=scene.events())


@event(
    "`.filepart` and rename (WinSCP)",
    "Put of the temporary name, then Copy of the final one",
    "TF-STORAGE, S3-UG",
    "I",
    Outcome(found=("Put a.csv.filepart", "Copy a.csv")),
    chosen="inferred: rename is copy and delete",
)
def _filepart(scene: Scene) -> Outcome:
    scene.put("a.csv.filepart")
    scene.rename("a.csv.filepart", "a.csv")
    return Outcome(found=scene.events())


@event(
    "200 times `.filepart` and rename",
    "200 files, 200 Puts, 200 Copies",
    "TF-STORAGE, S3-UG",
    "I",
    Outcome(found=(RENAMES, {"Put": RENAMES, "Copy": RENAMES})),
    chosen="inferred: rename is copy and delete",
)
def _many_fileparts(scene: Scene) -> Outcome:
    for number in range(RENAMES):
        scene.put(f"{number}.filepart")
        scene.rename(f"{number}.filepart", f"{number}")
    events = Counter(each.split()[0] for each in scene.events())
    whole = [key for key in scene.stored() if not key.endswith(".filepart")]
    return Outcome(found=(len(whole), dict(events)))


@event(
    "a cut upload",
    "the event fires for the part received as for a whole file",
    "TF-FILE, https://qiita.com/hoshiko/items/917d9292fd57fe77b6a1",
    "D",
    Outcome(found=("Put file",)),
)
def _cut_event(scene: Scene) -> Outcome:
    _cut_upload(scene)
    return Outcome(found=scene.events())


@event(
    "a refused upload",
    "none: nothing is stored",
    "TF-TROUBLE",
    "I",
    Outcome(found=()),
    chosen="inferred from the refusal at CLOSE",
)
def _refused_event(scene: Scene) -> Outcome:
    opened = scene.open("file")
    scene.write(opened.handle, 5, b"abc")
    scene.close(opened.handle)
    return Outcome(found=scene.events())


def _cut_upload(scene: Scene) -> None:
    other = scene.login()
    other.write(other.open("file").handle, 0, b"abc")
    other.raw.channel.get_transport().sock.close()

    def stored() -> None:
        assert scene.stored() == ("file",)

    eventually(stored)


SHEET.not_run(
    "log lines OPEN, CLOSE, PARTIAL_CLOSE, DELETE, RENAME, MKDIR, RMDIR, SETSTAT, ERROR, ...",
    "structured, in the server's log group",
    "TF-LOGS",
    "D",
    "no answer to a client; shown by the tests of the log lines",
)
SHEET.not_run(
    "Transfer's own events (SFTP Server File Upload Completed, ...)",
    "on the event bus, source aws.transfer",
    "TF-EVENTS",
    "D",
    "no answer to a client; shown by the tests of the events",
)
SHEET.not_run(
    "role session name",
    "username.sessionid@server-id, cut to 64 characters",
    "UG2023 monitoring",
    "D",
    "no client sees it; shown by the unit tests of the login",
)
SHEET.not_run(
    "managed workflows (OnPartialUpload)",
    "run for cut uploads",
    "TF-FILE",
    "D",
    "not emulated: CreateServer refuses WorkflowDetails",
    different="workflows are not emulated",
)
