"""What AWS does not do on S3 (facts 1.1 to 1.3), and how it says so."""

from __future__ import annotations

import struct
from functools import partial

import paramiko

from tests.integration.conformance.client import Client
from tests.integration.conformance.row import Mark, Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.raw_sftp import Flag, Kind, attributes, uint64

SHEET = Sheet("unsupported")
row = SHEET.row
RANDOM = "AWS Transfer does not support random access writes to S3 objects."
UNSUPPORTED = Outcome(8, "Operation unsupported")
SETSTAT = Outcome(8, "SETSTAT unsupported")
TIMES = attributes(times=(1, 1))
CHANGES = {
    "chmod": attributes(mode=0o600),
    "chown, chgrp": struct.pack(">III", 2, 1000, 1000),
    "utimes": TIMES,
    "truncate": attributes(size=0),
}
EXTENSIONS = {
    "statvfs@openssh.com": "df",
    "fstatvfs@openssh.com": "df of an open file",
    "hardlink@openssh.com": "ln",
    "fsync@openssh.com": "fsync",
    "lsetstat@openssh.com": "setstat of a link",
    "limits@openssh.com": "limits",
    "expand-path@openssh.com": "~ in paths",
    "copy-data": "server-side copy",
    "home-directory": "home of a user",
    "users-groups-by-id@openssh.com": "names of owners",
    "check-file": "hashes",
}


@row("protocol version", "3 only", "TF-FILE", "D", Outcome(found=3))
def _version(scene: Scene) -> Outcome:
    return Outcome(found=int.from_bytes(scene.raw.greeting[:4]))


@row(
    "extensions advertised",
    "none: only the core of version 3 is promised",
    "TF-FILE",
    "I",
    Outcome(found=()),
    chosen="inferred from posix-rename being unsupported",
)
def _advertised(scene: Scene) -> Outcome:
    return Outcome(found=scene.raw.extensions)


@row(
    "posix-rename@openssh.com",
    "Operation unsupported",
    "https://github.com/kopia/kopia/issues/3035",
    "C",
    UNSUPPORTED,
    words="C",
)
def _posix_rename(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.extended("posix-rename@openssh.com", scene.path("file"), scene.path("new"))


@row(
    "posix-rename@openssh.com onto an existing file",
    "Operation unsupported",
    "https://github.com/kopia/kopia/issues/3035",
    "C",
    Outcome(8, "Operation unsupported", b"there before"),
    words="C",
)
def _posix_rename_onto(scene: Scene) -> Outcome:
    scene.put("file")
    scene.put("new", b"there before")
    done = scene.extended("posix-rename@openssh.com", scene.path("file"), scene.path("new"))
    return Outcome(done.code, done.message, scene.get("new").found)


def _extension(name: str, meaning: str) -> None:
    case, ask = f"{name} ({meaning})", partial(_ask_extension, name)
    if name.startswith("hardlink"):
        row(case, "hard links are not supported", "FAQ", "D", UNSUPPORTED, words="U")(ask)
    else:
        row(case, "nothing documented", "-", "U", UNSUPPORTED)(ask)


def _ask_extension(name: str, scene: Scene) -> Outcome:
    scene.put("file")
    return scene.extended(name, scene.path("file"), scene.path("new"))


for _name, _meaning in EXTENSIONS.items():
    _extension(_name, _meaning)


@row("ln -s", "not supported", "TF-FILE", "D", UNSUPPORTED, words="U")
def _symlink(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.ask(Kind.SYMLINK, scene.path("file"), scene.path("link"))


@row("readlink", "not supported: there are no links", "FAQ", "D", UNSUPPORTED, words="U")
def _readlink(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.ask(Kind.READLINK, scene.path("file"))


@row(
    "SCP's own protocol",
    "not supported; scp of OpenSSH 9 uses SFTP",
    "TF-FILE",
    "D",
    Outcome("request refused"),
    words="U",
)
def _scp(scene: Scene) -> Outcome:
    channel = scene.connect(scene.stage.home_user).open_session()
    try:
        channel.exec_command("scp -t .")
    except paramiko.SSHException:
        return Outcome("request refused")
    return Outcome()


def _half_open(case: str, flags: int, mode: str, source: str, marks: tuple[Mark, Mark]) -> None:
    @row(
        case,
        "not supported: whole files only",
        source,
        marks[0],
        Outcome(8, f"Cannot open file in mode: {mode}", b"abc"),
        words=marks[1],
    )
    def _open(scene: Scene) -> Outcome:
        scene.put("file")
        done = scene.put("file", b"more", flags)
        return Outcome(done.code, done.message, scene.get("file").found)


# Transfer's words as seen in 2019 (that issue), 2021 (Velociraptor's 921), 2022 (Redpanda's 1172)
# and 2023 (SSH.NET's 1215); never yet for a mode to append without READ.
SEEN = "https://github.com/pkg/sftp/issues/305"
_half_open(
    "OPEN to append (APPE)",
    Flag.WRITE | Flag.CREAT | Flag.APPEND,
    "APPEND|CREATE|WRITE",
    f"FAQ, TF-STORAGE, {SEEN}",
    ("D", "I"),
)
_half_open(
    "OPEN to read and write",
    Flag.READ | Flag.WRITE | Flag.CREAT,
    "CREATE|READ|WRITE",
    SEEN,
    ("C", "C"),
)


@row(
    "WRITE at the end of an existing file opened without TRUNC (resume)",
    "not supported: whole files only",
    "FAQ, TF-TROUBLE",
    "D",
    Outcome(4, RANDOM, b"abc"),
    words="U",
    chosen="refused at WRITE: scp opens so, too, to overwrite",
)
def _resume(scene: Scene) -> Outcome:
    scene.put("file")
    opened = scene.open("file", Flag.WRITE | Flag.CREAT)
    done = scene.write(opened.handle, 3, b"more")
    scene.close(opened.handle)
    return Outcome(done.code, done.message, scene.get("file").found)


@row(
    "overwriting a file opened without TRUNC (scp of OpenSSH)",
    "scp of OpenSSH 9 works",
    "TF-FILE",
    "I",
    Outcome(found=b"x"),
    chosen="inferred: scp opens so; the first byte replaces the file",
)
def _overwrite_as_scp(scene: Scene) -> Outcome:
    scene.put("file")
    scene.put("file", b"x", Flag.WRITE | Flag.CREAT)
    return scene.get("file")


@row(
    "WRITE behind a gap",
    RANDOM,
    "TF-TROUBLE",
    "D",
    Outcome(4, RANDOM, ()),
    words="U",
    chosen="the words are AWS's, the status is not documented; CLOSE then fails, nothing is stored",
)
def _gap(scene: Scene) -> Outcome:
    return _wrong_write(scene, offset=10)


@row(
    "WRITE before the end",
    RANDOM,
    "TF-TROUBLE",
    "D",
    Outcome(4, RANDOM, ()),
    words="U",
    chosen="the words are AWS's, the status is not documented; CLOSE then fails, nothing is stored",
)
def _back(scene: Scene) -> Outcome:
    return _wrong_write(scene, offset=1)


def _wrong_write(scene: Scene, offset: int) -> Outcome:
    opened = scene.open("file")
    scene.write(opened.handle, 0, b"abc")
    done = scene.write(opened.handle, offset, b"x")
    scene.close(opened.handle)
    return Outcome(done.code, done.message, scene.stored())


@row(
    "several connections for one file (WinSCP)",
    "fails, leaves orphaned multipart uploads, may corrupt silently",
    "TF-FILE",
    "D",
    Outcome(4, RANDOM, b"first half"),
    different="each half is a file of its own: the second is refused, nothing is corrupted",
)
def _several_connections(scene: Scene) -> Outcome:
    other = scene.login()
    one, two = scene.open("file"), other.open("file")
    scene.write(one.handle, 0, b"first half")
    done = other.write(two.handle, 10, b"second half")
    other.close(two.handle)
    scene.close(one.handle)
    return Outcome(done.code, done.message, scene.get("file").found)


def _setstat(change: str, fields: bytes) -> None:
    aws = "fails as unsupported; clients show error code 8, `SETSTAT unsupported`"
    source = "TF-FILE; https://github.com/paramiko/paramiko/issues/1969"

    @row(
        f"{change} with SetStatOption DEFAULT",
        aws,
        source,
        "D",
        SETSTAT,
        words="C",
        own_server=True,
    )
    def _refused(scene: Scene) -> Outcome:
        client = _on_server(scene, "DEFAULT")
        client.put("file")
        return client.ask(Kind.SETSTAT, client.path("file"), fields)

    @row(
        f"{change} with SetStatOption ENABLE_NO_OP",
        "success, nothing is changed",
        "TF-FILE, BOTO",
        "D",
        Outcome(found="file of 3 bytes"),
        own_server=True,
    )
    def _ignored(scene: Scene) -> Outcome:
        client = _on_server(scene, "ENABLE_NO_OP")
        client.put("file")
        done = client.ask(Kind.SETSTAT, client.path("file"), fields)
        return Outcome(done.code, done.message, client.stat("file").found)


for _change, _fields in CHANGES.items():
    _setstat(_change, _fields)


@row(
    "FSETSTAT with SetStatOption DEFAULT",
    "fails as unsupported",
    "TF-FILE",
    "D",
    Outcome(8, "SETSTAT unsupported", b"abc"),
    words="C",
    own_server=True,
)
def _fsetstat(scene: Scene) -> Outcome:
    client = _on_server(scene, "DEFAULT")
    opened = client.open("file")
    client.write(opened.handle, 0, b"abc")
    done = client.ask(Kind.FSETSTAT, opened.handle, TIMES)
    client.close(opened.handle)
    return Outcome(done.code, done.message, client.get("file").found)


@row(
    "times after put -p",
    "never preserved: a file's time is its object's",
    "TF-FILE",
    "D",
    Outcome(found="of today"),
    own_server=True,
)
def _times(scene: Scene) -> Outcome:
    client = _on_server(scene, "ENABLE_NO_OP")
    client.put("file")
    client.ask(Kind.SETSTAT, client.path("file"), TIMES)
    modified = client.raw.request(Kind.STAT, client.path("file")).attributes.modified or 0
    return Outcome(found="of today" if modified > 1_000_000_000 else "of 1970")


SHEET.not_run(
    "log line of an ignored SETSTAT",
    "written all the same",
    "TF-FILE",
    "D",
    "no answer to a client; shown by the unit tests of SETSTAT",
)
SHEET.not_run(
    "FTP's APPE",
    "not supported",
    "TF-FILE",
    "D",
    "no FTP here; its SFTP counterpart is the row about appending",
)


def _on_server(scene: Scene, option: str) -> Client:
    return scene.login_on(ProtocolDetails={"SetStatOption": option})


@row(
    "READ of a file opened to write",
    "nothing documented",
    "-",
    "U",
    Outcome(4, "File is not open for reading"),
)
def _read_of_upload(scene: Scene) -> Outcome:
    opened = scene.open("file")
    return scene.ask(Kind.READ, opened.handle, uint64(0), 10)
