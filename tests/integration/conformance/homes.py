"""Homes and the variables of session policies (facts 2.3)."""

from __future__ import annotations

from typing import Any

from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene
from tests.integration.conformance.stage import document

SHEET = Sheet("home")
VARIABLES = Sheet("policy variable")
row, variable = SHEET.row, VARIABLES.row
LOGICAL = "TF-LOGICAL"
POLICY = "TF-POLICY"
MISSING = Outcome(2, "No such file or directory")
DENIED = Outcome(3, "Permission denied")


def _mapped(scene: Scene, *entries: tuple[str, ...], **arguments: Any) -> Any:
    """A user with these mappings (entry, key prefix[, type]) and no session policy."""
    mappings = [
        {
            "Entry": entry,
            "Target": f"/{scene.stage.bucket}/{scene.prefix}{target}".rstrip("/"),
            **({"Type": kind[0]} if kind else {}),
        }
        for entry, target, *kind in entries
    ]
    return scene.client_of(
        None, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=mappings, **arguments
    )


@row("PATH: what the client sees", "/bucket/prefix", LOGICAL, "D", Outcome(found="/BUCKET/HOME"))
def _path(scene: Scene) -> Outcome:
    return Outcome(found=scene.shown(scene.realpath(".")))


@row(
    "LOGICAL `/` (restricted): what the client sees",
    "/ and nothing above",
    LOGICAL,
    "D",
    Outcome(found=("/", "/", ("file",))),
)
def _restricted(scene: Scene) -> Outcome:
    client = _mapped(scene, ("/", ""))
    client.put("/file")
    return Outcome(found=(client.realpath("."), client.realpath("/.."), scene.stored()))


@row("LOGICAL: ls of `/`", "the entries", LOGICAL, "D", Outcome(found=("docs", "inbox")))
def _entries(scene: Scene) -> Outcome:
    return Outcome(found=_mapped(scene, ("/inbox", "in"), ("/docs", "d")).ls("/").found)


@row("LOGICAL: put outside the entries", "No such file or directory", LOGICAL, "D", MISSING)
def _outside(scene: Scene) -> Outcome:
    result: Outcome = _mapped(scene, ("/inbox", "in")).put("/file")
    return result


@row("LOGICAL: put below an entry", "goes to its target", LOGICAL, "D", Outcome(found=("in/file",)))
def _inside(scene: Scene) -> Outcome:
    _mapped(scene, ("/inbox", "in")).put("/inbox/file")
    return Outcome(found=scene.stored())


@row(
    "LOGICAL: an entry inside another",
    "the longest entry that fits wins",
    LOGICAL,
    "I",
    Outcome(found=("in/x", "special/y")),
    chosen="inferred: the more special mapping",
)
def _longest(scene: Scene) -> Outcome:
    client = _mapped(scene, ("/inbox", "in"), ("/inbox/vip", "special"))
    client.put("/inbox/x")
    client.put("/inbox/vip/y")
    return Outcome(found=scene.stored())


@row(
    "LOGICAL: entry of Type FILE",
    "one file",
    LOGICAL,
    "D",
    Outcome(found=("file of 3 bytes", b"abc")),
)
def _file_entry(scene: Scene) -> Outcome:
    scene.put("terms")
    client = _mapped(scene, ("/inbox", "in"), ("/terms.txt", "terms", "FILE"))
    return Outcome(found=(client.stat("/terms.txt").found, client.get("/terms.txt").found))


@row(
    "LOGICAL: entry of Type DIRECTORY",
    "a folder, also when nothing is in it",
    LOGICAL,
    "D",
    Outcome(found=("folder", ())),
)
def _directory_entry(scene: Scene) -> Outcome:
    client = _mapped(scene, ("/inbox", "in", "DIRECTORY"))
    return Outcome(found=(client.stat("/inbox").found, client.ls("/inbox").found))


@row(
    "LOGICAL: a home without its zero-byte root object",
    "the older guide asked for one",
    "UG2023",
    "D",
    Outcome(found=()),
    chosen="not needed here: the current guide no longer asks for it",
)
def _no_root_object(scene: Scene) -> Outcome:
    result: Outcome = _mapped(scene, ("/", "")).ls("/")
    return result


@row("LOGICAL: rm of an entry", "nothing documented", "-", "U", DENIED)
def _rm_entry(scene: Scene) -> Outcome:
    result: Outcome = _mapped(scene, ("/inbox", "in")).rmdir("/inbox")
    return result


@row(
    "LOGICAL: `${transfer:UserName}` in a Target",
    "replaced",
    LOGICAL,
    "D",
    Outcome(found=("NAME/file",)),
)
def _name_in_target(scene: Scene) -> Outcome:
    mapping = {
        "Entry": "/",
        "Target": f"/{scene.stage.bucket}/{scene.prefix}${{transfer:UserName}}",
    }
    user = scene.stage.user(None, HomeDirectoryType="LOGICAL", HomeDirectoryMappings=[mapping])
    scene.login(user).put("/file")
    return Outcome(found=tuple(key.replace(user.name, "NAME") for key in scene.stored()))


@row(
    "LOGICAL with HomeDirectory",
    "the session starts in that entry",
    LOGICAL,
    "D",
    Outcome(found="/inbox"),
)
def _start(scene: Scene) -> Outcome:
    client = _mapped(scene, ("/inbox", "in"), ("/docs", "d"), HomeDirectory="/inbox")
    return Outcome(found=client.realpath("."))


@row(
    "LOGICAL: the bucket's own path",
    "not to be seen",
    LOGICAL,
    "D",
    MISSING,
    words="I",
    chosen="as documented for a put outside the entries",
)
def _real_path(scene: Scene) -> Outcome:
    result: Outcome = _mapped(scene, ("/inbox", "in")).stat(f"/{scene.stage.bucket}")
    return result


@row(
    "PATH: a home that cannot be listed",
    "login works, ls is refused",
    POLICY,
    "I",
    Outcome(3, "Permission denied", "/BUCKET/HOME"),
    words="U",
)
def _unreadable(scene: Scene) -> Outcome:
    user = scene.stage.user(document(_statement("${transfer:HomeDirectory}/*")))
    client = scene.login(user)
    done = client.ls(".")
    return Outcome(
        done.code, done.message, scene.shown(client.realpath(".")).replace(user.home, "HOME")
    )


def _statement(resource: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{resource}"}


def _puts(scene: Scene, resource: str) -> Outcome:
    """Put in the home, by a session policy that allows only `resource`."""
    return scene.client_of(document(_statement(resource))).put("file")


def _resource(case: str, resource: str, aws: str, expected: Outcome, **more: Any) -> None:
    @variable(case, aws, POLICY, "D", expected, **more)
    def _ask(scene: Scene) -> Outcome:
        return _puts(scene, resource)


_resource("${transfer:HomeDirectory}", "${transfer:HomeDirectory}/*", "bucket/prefix", Outcome())
_resource(
    "${transfer:HomeBucket} and ${transfer:HomeFolder}",
    "${transfer:HomeBucket}/${transfer:HomeFolder}/*",
    "bucket and prefix",
    Outcome(),
)
_resource("${transfer:UserName}", "*/${transfer:UserName}/*", "the user's name", Outcome())
_resource(
    "${Transfer:HomeDirectory}",
    "${Transfer:HomeDirectory}/*",
    "CloudFormation's spelling; the guide's is lower case",
    Outcome(),
    chosen="both are taken",
)
_resource("${aws:Username}", "*/${aws:Username}/*", "does not work", DENIED)


@variable("in the role's policy", "not replaced: only in session policies", POLICY, "D", DENIED)
def _in_role(scene: Scene) -> Outcome:
    role = scene.stage.make_role(_statement("${transfer:HomeDirectory}/*"))
    return scene.client_of(None, Role=role).put("file")


@variable(
    "${transfer:HomeDirectory} of a LOGICAL home",
    "not supported",
    POLICY,
    "D",
    DENIED,
    words="U",
    chosen="not replaced: what asks for it fits nothing",
)
def _logical_directory(scene: Scene) -> Outcome:
    return _logical(scene, "${transfer:HomeDirectory}/*")


@variable("${transfer:UserName} of a LOGICAL home", "replaced", POLICY, "D", Outcome())
def _logical_name(scene: Scene) -> Outcome:
    return _logical(scene, "*/${transfer:UserName}/*")


def _logical(scene: Scene, resource: str) -> Outcome:
    target = f"/{scene.stage.bucket}/{scene.prefix}${{transfer:UserName}}"
    return scene.client_of(
        document(_statement(resource)),
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/", "Target": target}],
    ).put("/file")


@variable(
    "${transfer:UserName} inside HomeDirectory",
    "not replaced: nothing is nested",
    POLICY,
    "D",
    Outcome(found="/BUCKET/${transfer:UserName}"),
)
def _nested(scene: Scene) -> Outcome:
    home = f"/{scene.stage.bucket}/${{transfer:UserName}}"
    client = scene.client_of(None, HomeDirectory=home)
    return Outcome(found=scene.shown(client.realpath(".")))


@variable(
    "${transfer:HomeDirectory} of a HomeDirectory that ends with a slash",
    "the guide's example, `/home/bob/amazon/stuff/`, keeps the slash",
    POLICY,
    "I",
    DENIED,
    chosen="inferred: the slash is kept, so that `/*` asks for two of them",
)
def _trailing_slash(scene: Scene) -> Outcome:
    policy = document(_statement("${transfer:HomeDirectory}/*"))
    home = f"/{scene.stage.bucket}/{scene.prefix}"
    return scene.client_of(policy, HomeDirectory=home).put("file")


def _neighbour(scene: Scene, tail: str) -> Outcome:
    """Put into `<home>-corp` by a policy on the home and `tail`."""
    user = scene.stage.user(document(_statement("${transfer:HomeDirectory}" + tail)))
    return scene.login(user).put(f"/{scene.stage.bucket}/{user.home}-corp/file")


@variable(
    "`${transfer:HomeDirectory}*`",
    "reaches the neighbour whose name begins the same",
    POLICY,
    "D",
    Outcome(),
)
def _open_end(scene: Scene) -> Outcome:
    return _neighbour(scene, "*")


@variable("`${transfer:HomeDirectory}/*`", "stays in the home", POLICY, "D", DENIED)
def _slash(scene: Scene) -> Outcome:
    return _neighbour(scene, "/*")


VARIABLES.not_run(
    "editing the IAM policy a session policy was copied from",
    "changes nothing until UpdateUser: it is stored as JSON",
    POLICY,
    "D",
    "a matter of the console; the API takes JSON only",
)
