"""Settings of a server that a client notices (facts 1.3, 1.4)."""

from __future__ import annotations

from tests.integration.conformance.row import Outcome, Sheet
from tests.integration.conformance.scene import Scene

SHEET = Sheet("server")
row = SHEET.row
PORTS = "up to three ports, 22 or 2000 to 65535"


def _ports(case: str, expected: Outcome, *ports: int) -> None:
    @row(case, PORTS, "BOTO", "D", expected, words="U", own_server=True)
    def _create(scene: Scene) -> Outcome:
        server_id, _ = scene.stage.server()
        listed = [{"SftpPort": port, "CommunicationMode": "SERVER_TALK_FIRST"} for port in ports]
        details = {"SftpPorts": listed}
        done = scene.call("update_server", ServerId=server_id, ProtocolDetails=details)
        return Outcome(done.code, done.message)


def _not_allowed(port: int) -> Outcome:
    words = f"SftpPort not allowed: '{port}' - use 22 or 2000 to 65535, each once"
    return Outcome("InvalidRequestException", words)


_ports("SftpPorts 23", _not_allowed(23), 23)
_ports("SftpPorts 1999", _not_allowed(1999), 1999)
_ports(
    "SftpPorts 65536",
    Outcome(
        "ValidationException",
        "1 validation error detected: Value at 'protocolDetails.sftpPorts.1.member.sftpPort' failed"
        " to satisfy constraint: Member must have value less than or equal to 65535",
    ),
    65536,
)
_ports(
    "four SftpPorts",
    Outcome(
        "ValidationException",
        "1 validation error detected: Value at 'protocolDetails.sftpPorts' failed to satisfy"
        " constraint: Member must have length less than or equal to 3",
    ),
    *(2000, 2001, 2002, 2003),
)


@row(
    "what CreateServer sets by itself",
    "SetStatOption DEFAULT, DirectoryListingOptimization DISABLED (console: ENABLED)",
    "TF-STORAGE, BOTO",
    "D",
    Outcome(found=("DEFAULT", "DISABLED")),
    own_server=True,
)
def _defaults(scene: Scene) -> Outcome:
    server_id, _ = scene.stage.server()
    server = scene.stage.transfer.describe_server(ServerId=server_id)["Server"]
    options = server["ProtocolDetails"], server["S3StorageOptions"]
    return Outcome(found=(options[0]["SetStatOption"], options[1]["DirectoryListingOptimization"]))


@row(
    "a mapping without Type whose target is a file, DirectoryListingOptimization DISABLED",
    "a file: only with ENABLED a mapping to a file needs Type FILE",
    "BOTO",
    "I",
    Outcome(found="folder"),
    different="without Type FILE a mapping is a folder here, whatever the option says",
    own_server=True,
)
def _untyped(scene: Scene) -> Outcome:
    scene.put("terms")
    server_id, port = scene.stage.server()
    target = f"/{scene.stage.bucket}/{scene.prefix}terms"
    user = scene.stage.user(
        None,
        ServerId=server_id,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/terms.txt", "Target": target}],
    )
    return scene.login(user, port).stat("/terms.txt")


SHEET.not_run(
    "SftpPorts in use",
    "each port is served",
    "BOTO",
    "D",
    "shown by the tests of the servers: the ports of this machine are not the suite's to take",
)
SHEET.not_run(
    "ports 22, 2222, 2223, 22000 of VPC endpoints; CLIENT_TALK_FIRST",
    "by security group; 2223 and CLIENT_TALK_FIRST wait for the client's first packet",
    "BOTO, TF-VPC",
    "D",
    "no client can be told by it on a network that loses nothing",
    different="the server always talks first",
)
SHEET.not_run(
    "users of a server",
    "quota L-101C3D29, its value not documented",
    "-",
    "U",
    "ours has no such limit",
)
