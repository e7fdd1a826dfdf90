"""How the API refuses (facts 2.2): shapes, members and words."""

from __future__ import annotations

import uuid

from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene

SHEET = Sheet("API error")
row, not_run = SHEET.row, SHEET.not_run
NOWHERE = "s-00000000000000000"
# Some of these would change the user: on somebody's server there must be none of that name.
NOBODY = f"nobody-{uuid.uuid4().hex[:12]}"


def _missing(operation: str, **more: str) -> None:
    @row(
        f"{operation} of an unknown user",
        "ResourceNotFoundException with Resource, ResourceType",
        "BOTO",
        "D",
        Outcome("ResourceNotFoundException", "Unknown user", ("User", "NOBODY")),
        words="I",
        chosen="in the words documented for servers, `Unknown server`",
    )
    def _ask(scene: Scene) -> Outcome:
        done = scene.call(operation, UserName=NOBODY, **more)
        return Outcome(done.code, done.message, _shown(scene, done.found))


_missing("describe_user")
_missing("update_user")
_missing("delete_user")
_missing("import_ssh_public_key", SshPublicKeyBody="ssh-ed25519 AAAA")
_missing("delete_ssh_public_key", SshPublicKeyId=f"key-{'0' * 17}")


@row(
    "UpdateServer of an unknown server",
    "ResourceNotFoundException: Unknown server",
    "UG2023",
    "D",
    Outcome("ResourceNotFoundException", "Unknown server", ("Server", NOWHERE)),
)
def _no_server(scene: Scene) -> Outcome:
    return scene.call("update_server", ServerId=NOWHERE)


@row(
    "CreateUser on an unknown server",
    "ResourceNotFoundException",
    "BOTO",
    "D",
    Outcome("ResourceNotFoundException", "Unknown server", ("Server", NOWHERE)),
    words="I",
    chosen="in the words documented for UpdateServer",
)
def _user_of_no_server(scene: Scene) -> Outcome:
    return scene.api_user(NOBODY, ServerId=NOWHERE)


@row(
    "CreateUser of a name that is taken",
    "ResourceExistsException with Resource, ResourceType",
    "BOTO",
    "D",
    Outcome("ResourceExistsException", "User already exists: 'HOME'", ("User", "HOME")),
    words="U",
)
def _user_exists(scene: Scene) -> Outcome:
    done = scene.api_user(scene.stage.home_user.name)
    return Outcome(done.code, done.message, _shown(scene, done.found))


@row(
    "ImportSshPublicKey of a key the user has",
    "ResourceExistsException with Resource, ResourceType",
    "BOTO",
    "D",
    Outcome(
        "ResourceExistsException",
        "SshPublicKey already exists: 'key-ID'",
        ("SshPublicKey", "key-ID"),
    ),
    words="U",
)
def _key_exists(scene: Scene) -> Outcome:
    name = scene.stage.home_user.name
    body = scene.described(name)["SshPublicKeys"][0]["SshPublicKeyBody"]
    return scene.call("import_ssh_public_key", UserName=name, SshPublicKeyBody=body)


@row(
    "TestIdentityProvider on a SERVICE_MANAGED server",
    "InvalidRequestException: s-... not configured for external auth",
    "BOTO",
    "D",
    Outcome("InvalidRequestException", "s-ID not configured for external auth"),
)
def _test_provider(scene: Scene) -> Outcome:
    return scene.call("test_identity_provider", UserName=NOBODY)


@row(
    "ListUsers with a NextToken never given",
    "InvalidNextTokenException",
    "BOTO",
    "D",
    Outcome("InvalidNextTokenException"),
    words="U",
)
def _token(scene: Scene) -> Outcome:
    return scene.call("list_users", NextToken="rubbish")


@row(
    "a key id of another form",
    "ValidationException, not in the model",
    "https://github.com/hashicorp/terraform-provider-aws/issues/44110",
    "C",
    Outcome(
        "ValidationException",
        "1 validation error detected: Value at 'sshPublicKeyId' failed to satisfy constraint:"
        " Member must satisfy regular expression pattern: ...",
    ),
    words="C",
)
def _validation(scene: Scene) -> Outcome:
    key_id = f"key-{'g' * 17}"
    return scene.call("delete_ssh_public_key", UserName=NOBODY, SshPublicKeyId=key_id)


_NEVER = "this service is never too busy"
not_run("ThrottlingException", "RetryAfterSeconds", "BOTO", "D", _NEVER, different=_NEVER)
not_run(
    "InternalServiceError, ServiceUnavailableException",
    "fault, with Message",
    "BOTO",
    "D",
    "only when the emulator itself fails; unit tests of the API",
)
not_run(
    "AccessDeniedException",
    "the caller's IAM rights",
    "BOTO",
    "D",
    "signatures are not checked: whoever reaches the port is trusted",
    different="the Transfer API is open to whoever reaches it, on 127.0.0.1, but for web pages",
)
not_run(
    "ConflictException",
    "UpdateServer while a VPC endpoint is not available",
    "BOTO",
    "D",
    "there are no VPC endpoints here",
    different="VPC endpoints are accepted and mean nothing",
)


def _shown(scene: Scene, found: object) -> object:
    if not isinstance(found, tuple):
        return found
    return tuple(scene.shown(each).replace(NOBODY, "NOBODY") for each in found)
