"""Names and paths (facts 1.1, 1.4): what a path means, and which names a file may have."""

from __future__ import annotations

from tests.integration.conformance.client import outcome
from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.raw_sftp import NO_ATTRIBUTES, Flag, Kind, string

SHEET = Sheet("path")
row = SHEET.row
V3 = "SFTP 3"
POSIX = "read as POSIX does; AWS documents nothing"
LIMIT = 1024
HOME_PATHS = {
    ".": "/BUCKET/HOME",
    "": "/BUCKET/HOME",
    "a/../b": "/BUCKET/HOME/b",
    "a//b": "/BUCKET/HOME/a/b",
    "./a/": "/BUCKET/HOME/a",
    "/BUCKET/HOME/a": "/BUCKET/HOME/a",
    "..": "/BUCKET",
    "../../../..": "/",
    "/": "/",
}
NAMES = {
    "in UTF-8": "más 日本.csv",
    "with a space": "q3 sales.csv",
    "with a plus": "a+b.csv",
    "with quotes and percent": "\"100%\" 'x'.csv",
    "that looks url-encoded": "%2e%2e",
    "with a backslash": "a\\b",
    "that begins with dots": "..hidden",
    "with a tab": "a\tb",
}


def _realpath(path: str, leads_to: str) -> None:
    @row(f"REALPATH of `{path}`", "resolved", V3, "I", Outcome(found=leads_to), chosen=POSIX)
    def _ask(scene: Scene) -> Outcome:
        asked = path.replace("BUCKET", scene.stage.bucket)
        asked = asked.replace("HOME", scene.stage.home_user.home)
        answer = scene.raw.request(Kind.REALPATH, asked)
        if answer.kind != Kind.NAME:
            return outcome(answer)
        (name,) = answer.names
        return Outcome(found=scene.shown(name))


for _path, _leads_to in HOME_PATHS.items():
    _realpath(_path, _leads_to)


def _name(what: str, name: str) -> None:
    @row(
        f"a name {what}: `{name}`",
        "kept as it is",
        "TF-FILE" if what == "in UTF-8" else "S3-UG",
        "D" if what == "in UTF-8" else "I",
        Outcome(found=((name,), (name,))),
    )
    def _put(scene: Scene) -> Outcome:
        done = scene.put(name)
        return Outcome(done.code, done.message, (scene.stored(), scene.ls().found))


for _what, _text in NAMES.items():
    _name(_what, _text)


@row(
    "a name with a line break",
    "S3 takes it",
    "S3-UG",
    "I",
    Outcome(3, "Permission denied", ()),
    different="the local engine's IAM matches no key with a line break: the upload is refused",
    elsewhere=dict.fromkeys(("aws", "localstack"), Outcome(found=("a\nb",))),
)
def _line_break(scene: Scene) -> Outcome:
    done = scene.put("a\nb")
    return Outcome(done.code, done.message, scene.stored())


@row(
    "a name that is not UTF-8",
    "names must be UTF-8",
    "TF-FILE",
    "D",
    Outcome(5, "file names must be UTF-8"),
    words="U",
)
def _not_utf8(scene: Scene) -> Outcome:
    flags = Flag.WRITE | Flag.CREAT
    return scene.ask(Kind.OPEN, string(b"caf\xe9.csv"), flags, NO_ATTRIBUTES)


@row("a name with a NUL", "nothing documented", "-", "U", Outcome(2, "No such file or directory"))
def _nul(scene: Scene) -> Outcome:
    return scene.put("a\0b")


@row("a key of 1,024 bytes", "S3's longest", "S3-UG", "D", Outcome(found="file of 3 bytes"))
def _longest(scene: Scene) -> Outcome:
    name = _filling(scene, LIMIT)
    scene.put(name)
    return scene.stat(name)


@row(
    "a key of 1,025 bytes",
    "S3 refuses it",
    "S3-UG",
    "D",
    Outcome(4, "name too long: 'PATH...' - S3 keys end at 1024 bytes"),
    words="U",
)
def _too_long(scene: Scene) -> Outcome:
    name = _filling(scene, LIMIT + 1)
    done = scene.put(name)
    start = f"{scene.realpath('.')}/{scene.path(name)}"[:40]
    return Outcome(done.code, (done.message or "").replace(start, "PATH"))


@row(
    "mkdir whose marker has 1,025 bytes",
    "S3 refuses it",
    "S3-UG",
    "D",
    Outcome(4, "name too long: 'PATH...' - S3 keys end at 1024 bytes"),
    words="U",
)
def _long_folder(scene: Scene) -> Outcome:
    name = _filling(scene, LIMIT)
    done = scene.mkdir(name)
    start = f"{scene.realpath('.')}/{scene.path(name)}"[:40]
    return Outcome(done.code, (done.message or "").replace(start, "PATH"))


@row("put to an absolute path", "supported", V3, "D", Outcome(found=("file",)))
def _absolute(scene: Scene) -> Outcome:
    scene.put(f"{scene.realpath(scene.folder)}/file")
    return Outcome(found=scene.stored())


@row(
    "stat of a file with a trailing slash",
    "nothing documented",
    "-",
    "U",
    Outcome(found="file of 3 bytes"),
)
def _trailing(scene: Scene) -> Outcome:
    scene.put("file")
    return scene.stat("file/")


@row(
    "a file and a folder of one name",
    "S3 holds both; how they are listed is not documented",
    "-",
    "U",
    Outcome(found=(("a",), "file of 3 bytes")),
)
def _both(scene: Scene) -> Outcome:
    scene.put("a/b")
    scene.put("a")
    return Outcome(found=(scene.ls().found, scene.stat("a").found))


@row(
    "ls of `..` above the home",
    "IAM decides",
    "TF-POLICY",
    "D",
    Outcome(3, "Permission denied"),
    words="I",
    chosen="status 3 is what clients show as `Permission denied`",
)
def _above(scene: Scene) -> Outcome:
    return scene.ls(f"/{scene.stage.bucket}")


@row("rmdir of the home", "nothing documented", "-", "U", Outcome(3, "Permission denied"))
def _rmdir_home(scene: Scene) -> Outcome:
    return scene.rmdir(scene.realpath("."))


@row("stat of `/`", "nothing documented", "-", "U", Outcome(found="folder"))
def _stat_root(scene: Scene) -> Outcome:
    return scene.stat("/")


def _filling(scene: Scene, length: int) -> str:
    """A name that makes the whole key as long as asked, its last character of two bytes."""
    return "x" * (length - len(scene.prefix) - 2) + "é"
