"""What SFTP operations do on S3 (facts 1.1): supported ones, and where their support ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.integration.conformance.client import CHUNK, outcome
from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.raw_sftp import NO_ATTRIBUTES, Flag, Kind
from tests.integration.support import eventually

SHEET = Sheet("operation")
row = SHEET.row
TF_FILE = "TF-FILE"


@row("cd", "supported", TF_FILE, "D", Outcome(found="folder"))
def _cd(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    return scene.stat("folder")


@row("pwd", "supported", TF_FILE, "D", Outcome(found="/BUCKET/HOME"))
def _pwd(scene: Scene) -> Outcome:
    return Outcome(found=scene.shown(scene.realpath(".")))


@row("put", "supported", TF_FILE, "D", Outcome(found=("file",)))
def _put(scene: Scene) -> Outcome:
    done = scene.put("file")
    return Outcome(done.code, done.message, scene.stored())


@row("put over an existing file", "supported", TF_FILE, "D", Outcome(found=b"new"))
def _overwrite(scene: Scene) -> Outcome:
    scene.put("file", b"old content")
    scene.put("file", b"new")
    return scene.get("file")


@row("put of an empty file", "supported", TF_FILE, "D", Outcome(found="file of 0 bytes"))
def _empty(scene: Scene) -> Outcome:
    scene.put("file", b"")
    return scene.stat("file")


@row(
    "put into a folder that is not there",
    "S3 has no folders: the key is written",
    "S3-UG",
    "I",
    Outcome(found=("no/such/folder/file",)),
    chosen="inferred: S3 asks for no parent",
)
def _put_deep(scene: Scene) -> Outcome:
    scene.put("no/such/folder/file")
    return Outcome(found=scene.stored())


@row(
    "put with EXCL onto an existing file",
    "nothing documented",
    "-",
    "U",
    Outcome(4, "File already exists", b"abc"),
)
def _exclusive(scene: Scene) -> Outcome:
    scene.put("file")
    done = scene.put("file", b"other", Flag.WRITE | Flag.CREAT | Flag.EXCL)
    return Outcome(done.code, done.message, scene.get("file").found)


@row(
    "put with 32 writes under way",
    "works; Net::SFTP::Foreign before 1.92.02 needs queue_size 1",
    TF_FILE,
    "I",
    Outcome(found="file of 1048576 bytes"),
)
def _pipelined(scene: Scene) -> Outcome:
    scene.put("file", bytes(32 * CHUNK))
    return scene.stat("file")


@row("get", "supported", TF_FILE, "D", Outcome(found=b"abc"))
def _get(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.get("file")


@row(
    "get of a missing file",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
)
def _get_missing(scene: Scene) -> Outcome:
    return scene.get("missing")


@row("ls", "supported", TF_FILE, "D", Outcome(found=("a", "b", "folder")))
def _ls(scene: Scene) -> Outcome:
    scene.put("b")
    scene.put("folder/c")
    scene.put("a")
    return scene.ls()


@row(
    "ls of a missing folder",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
)
def _ls_missing(scene: Scene) -> Outcome:
    return scene.ls("missing")


@row(
    "ls of 1,005 files",
    "all of them: no cap is documented",
    "TF-STORAGE",
    "D",
    Outcome(found=1005),
)
def _ls_many(scene: Scene) -> Outcome:
    keys = [f"{scene.prefix}{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda key: scene.stage.s3.put_object(Bucket=scene.stage.bucket, Key=key), keys
            )
        )
    return Outcome(found=len(scene.ls().found))  # type: ignore[arg-type]


@row("mkdir", "makes the empty object `folder/`", TF_FILE, "D", Outcome(found=("folder/",)))
def _mkdir(scene: Scene) -> Outcome:
    done = scene.mkdir("folder")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "mkdir of an existing folder",
    "nothing documented",
    "-",
    "U",
    Outcome(4, "File already exists"),
)
def _mkdir_again(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    return scene.mkdir("folder")


@row("rm", "supported", TF_FILE, "D", Outcome(found=()))
def _rm(scene: Scene) -> Outcome:
    scene.put("file")
    done = scene.remove("file")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rm of a missing file",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
    chosen="S3's DeleteObject succeeds for a missing key; clients expect the error",
)
def _rm_missing(scene: Scene) -> Outcome:
    return scene.remove("missing")


@row("rm of a folder", "nothing documented", "-", "U", Outcome(4, "Is a directory", ("folder/",)))
def _rm_folder(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    done = scene.remove("folder")
    return Outcome(done.code, done.message, scene.stored())


@row("rename of a file", "supported", TF_FILE, "D", Outcome(found=("new",)))
def _rename(scene: Scene) -> Outcome:
    scene.put("old")
    done = scene.rename("old", "new")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rename onto an existing file",
    "not supported",
    TF_FILE,
    "D",
    Outcome(4, "File already exists", ("new", "old")),
    words="U",
)
def _rename_onto(scene: Scene) -> Outcome:
    scene.put("old")
    scene.put("new", b"kept")
    done = scene.rename("old", "new")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rename of a file onto itself",
    "nothing documented",
    "-",
    "U",
    Outcome(4, "File already exists", ("file",)),
)
def _rename_same(scene: Scene) -> Outcome:
    scene.put("file")
    done = scene.rename("file", "file")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rename of a folder with a marker",
    "not supported: files only",
    TF_FILE,
    "D",
    Outcome(8, "Renaming directories is not supported", ("folder/",)),
    words="U",
)
def _rename_folder(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    done = scene.rename("folder", "other")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rename of a folder without a marker",
    "not supported: files only",
    TF_FILE,
    "D",
    Outcome(8, "Renaming directories is not supported", ("folder/file",)),
    words="U",
)
def _rename_implied(scene: Scene) -> Outcome:
    scene.put("folder/file")
    done = scene.rename("folder", "other")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rename of a missing file",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
)
def _rename_missing(scene: Scene) -> Outcome:
    return scene.rename("missing", "new")


@row("rmdir of an empty folder", "supported", TF_FILE, "D", Outcome(found=()))
def _rmdir(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    done = scene.rmdir("folder")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rmdir of a folder that is not empty",
    "not supported: empty directories only",
    TF_FILE,
    "D",
    Outcome(4, "Directory not empty", ("folder/", "folder/file")),
    words="U",
)
def _rmdir_full(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    scene.put("folder/file")
    done = scene.rmdir("folder")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rmdir of a folder without a marker",
    "not supported: empty directories only",
    TF_FILE,
    "D",
    Outcome(4, "Directory not empty", ("folder/file",)),
    words="U",
)
def _rmdir_implied(scene: Scene) -> Outcome:
    scene.put("folder/file")
    done = scene.rmdir("folder")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "rmdir of a missing folder",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
)
def _rmdir_missing(scene: Scene) -> Outcome:
    return scene.rmdir("missing")


@row(
    "rmdir of a file",
    "nothing documented",
    "-",
    "U",
    Outcome(2, "No such file or directory", ("file",)),
)
def _rmdir_file(scene: Scene) -> Outcome:
    scene.put("file")
    done = scene.rmdir("file")
    return Outcome(done.code, done.message, scene.stored())


@row("stat of a file", "supported", TF_FILE, "D", Outcome(found="file of 3 bytes"))
def _stat(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.stat("file")


@row("lstat of a file", "supported", TF_FILE, "D", Outcome(found="file of 3 bytes"))
def _lstat(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.stat("file", Kind.LSTAT)


@row(
    "stat of a missing file",
    "no such file",
    TF_FILE,
    "I",
    Outcome(2, "No such file or directory"),
    words="U",
)
def _stat_missing(scene: Scene) -> Outcome:
    return scene.stat("missing")


@row("stat of a folder with a marker", "a directory", "TF-LOGICAL", "D", Outcome(found="folder"))
def _stat_folder(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    return scene.stat("folder")


@row(
    "stat of a folder without a marker",
    "a directory, even without a zero-byte object",
    "TF-LOGICAL",
    "D",
    Outcome(found="folder"),
)
def _stat_implied(scene: Scene) -> Outcome:
    scene.put("folder/sub/file")
    return scene.stat("folder")


@row(
    "a file read while it is overwritten",
    "S3: a GET under way gives the object it began with",
    "S3-UG",
    "I",
    Outcome(found=b"a" * 100_000),
    chosen="the download goes on with the object that was opened",
)
def _overwritten(scene: Scene) -> Outcome:
    scene.put("file", b"a" * 100_000)
    opened = scene.open("file", Flag.READ)
    scene.put("file", b"b" * 100_000)
    parts = [scene.read(opened.handle, at).data for at in range(0, 100_000, 32768)]
    return Outcome(found=b"".join(parts))


@row(
    "two uploads of one name at once",
    "S3: the one that is finished last is the object",
    "S3-UG",
    "I",
    Outcome(found=b"second"),
    chosen="inferred: the object is written at CLOSE",
)
def _two_uploads(scene: Scene) -> Outcome:
    other = scene.login()
    one, two = scene.open("file"), other.open("file")
    other.write(two.handle, 0, b"second")
    scene.write(one.handle, 0, b"first")
    scene.close(one.handle)
    other.close(two.handle)
    return scene.get("file")


@row(
    "reading in any order",
    "large downloads whose packets come out of order fail (LFTP)",
    TF_FILE,
    "D",
    Outcome(found=b"wxyzabcd"),
    different="works here; how AWS fails, and at which size, is not documented",
)
def _reading_anywhere(scene: Scene) -> Outcome:
    scene.put("file", b"abcd" + bytes(200_000) + b"wxyz")
    opened = scene.open("file", Flag.READ)
    last = scene.read(opened.handle, 200_004, 4).data
    return Outcome(found=last + scene.read(opened.handle, 0, 4).data)


@row(
    "OPEN to read a folder", "nothing documented", "-", "U", Outcome(2, "No such file or directory")
)
def _open_folder(scene: Scene) -> Outcome:
    scene.mkdir("folder")
    return scene.get("folder")


@row(
    "a request of no kind that SFTP 3 knows",
    "nothing documented",
    "-",
    "U",
    Outcome(8, "Operation unsupported"),
)
def _unknown_kind(scene: Scene) -> Outcome:
    unknown = 99
    client = scene.login()
    asked = client.raw.send(unknown, NO_ATTRIBUTES)
    # OpenSSH lets a packet lie that came together with this one, until another comes.
    client.raw.channel.settimeout(1)
    eventually(lambda: client.realpath("."))
    answer = client.raw.answer_so_far(asked)
    return outcome(answer) if answer else Outcome("no answer")


@row("CLOSE of a handle never given", "nothing documented", "-", "U", Outcome(4, "Invalid handle"))
def _bad_handle(scene: Scene) -> Outcome:
    return scene.ask(Kind.CLOSE, "no such handle")
