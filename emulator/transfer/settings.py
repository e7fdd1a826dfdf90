"""Settings of a server: AWS's defaults, and what of them an emulator on one machine can honour.

What is accepted is either honoured or has no meaning here (LoggingRole, and EndpointDetails, which
are checked and shown: everybody connects on loopback); what would change what a client sees, and is
not emulated, is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.transfer.errors import InvalidRequestError

Settings = Mapping[str, Any]

_NOT_SETTINGS = ("ServerId", "HostKey", "Tags")

# Model documentation of CreateServer; what it leaves open (PassiveIp, which is for FTP) is a guess.
_DEFAULTS: Settings = {
    "Domain": "S3",
    "EndpointType": "PUBLIC",
    "IdentityProviderType": "SERVICE_MANAGED",
    "IpAddressType": "IPV4",
    "ProtocolDetails": {
        "PassiveIp": "AUTO",
        "SetStatOption": "DEFAULT",
        "TlsSessionResumptionMode": "ENFORCED",
    },
    "Protocols": ["SFTP"],
    "S3StorageOptions": {"DirectoryListingOptimization": "DISABLED"},
    "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
    "StructuredLogDestinations": [],
}

# User guide, create-server-in-vpc: since 2021-05-19 nobody new gets a VPC_ENDPOINT server.
_EMULATED: Mapping[str, tuple[object, ...]] = {
    "Domain": ("S3",),
    "EndpointType": ("PUBLIC", "VPC"),
    "IdentityProviderType": ("SERVICE_MANAGED",),
    "Protocols": (["SFTP"],),
}
_NOT_EMULATED = ("Certificate", "IdentityProviderDetails", "WorkflowDetails")
_ONLY_OFFLINE = ("IpAddressType",)

# User guide, security-policies.
_SECURITY_POLICIES = frozenset(
    f"TransferSecurityPolicy-{name}"
    for name in (
        *("2018-11", "2020-06", "2022-03", "2023-05", "2024-01", "2025-03"),
        *("Restricted-2018-11", "Restricted-2020-06"),
        *("SshAuditCompliant-2025-02", "AS2Restricted-2025-07"),
        *("FIPS-2020-06", "FIPS-2023-05", "FIPS-2024-01", "FIPS-2024-05", "FIPS-2025-03"),
        *("PQ-SSH-Experimental-2023-04", "PQ-SSH-FIPS-Experimental-2023-04"),
    )
)


def created(request: Settings) -> Settings:
    """Settings of a new server: what is given, else AWS's default.

    Raises InvalidRequestError for what cannot be honoured.
    """
    if _addresses(request):
        raise InvalidRequestError(
            f"AddressAllocationIds cannot be set by CreateServer: '{_shown(_addresses(request))}' -"
            " stop the server, then call UpdateServer"
        )
    return _checked(_merged(_DEFAULTS, request))


def updated(settings: Settings, request: Settings, *, online: bool) -> Settings:
    """`settings` with what is given; raises InvalidRequestError as `created` does."""
    merged = _merged(settings, request)
    _check_new_endpoint(settings, request, online=online)
    if request.get("EndpointType") == "PUBLIC" and "EndpointDetails" not in request:
        merged = {name: value for name, value in merged.items() if name != "EndpointDetails"}
    for name in _ONLY_OFFLINE:
        if online and merged.get(name) != settings.get(name):
            raise InvalidRequestError(
                f"{name} cannot change while the server is ONLINE: '{merged.get(name)}' - stop the"
                " server first"
            )
    return _checked(merged)


def described(settings: Settings) -> Settings:
    """As DescribeServer shows them: it never names security groups (model of EndpointDetails)."""
    details = settings.get("EndpointDetails")
    if not details:
        return settings
    shown = {name: value for name, value in details.items() if name != "SecurityGroupIds"}
    return {**settings, "EndpointDetails": shown}


def _merged(settings: Settings, request: Settings) -> Settings:
    """One member of ProtocolDetails or EndpointDetails given leaves the others as they are."""
    given = {name: value for name, value in request.items() if name not in _NOT_SETTINGS}
    for name in ("ProtocolDetails", "EndpointDetails"):
        if name in settings and given.get(name):
            given[name] = {**settings[name], **given[name]}
    return {**settings, **given}


def _checked(settings: Settings) -> Settings:
    for name, allowed in _EMULATED.items():
        if settings[name] not in allowed:
            raise _refused(name, settings[name], f"use {' or '.join(map(_shown, allowed))}")
    for name in _NOT_EMULATED:
        if _says_something(settings.get(name)):
            raise _refused(name, settings[name], "leave it out")
    _check_security_policy(settings["SecurityPolicyName"])
    _check_endpoint(settings)
    _check_protocol_details(settings["ProtocolDetails"], settings["EndpointType"])
    return settings


def _check_security_policy(name: str) -> None:
    if name not in _SECURITY_POLICIES:
        known = ", ".join(sorted(_SECURITY_POLICIES))
        raise InvalidRequestError(f"Unknown security policy: '{name}' - use one of {known}")


def _check_endpoint(settings: Settings) -> None:
    details = settings.get("EndpointDetails")
    if settings["EndpointType"] == "PUBLIC" and details:
        raise InvalidRequestError(
            "EndpointDetails do not go with EndpointType 'PUBLIC' - use VPC or leave them out"
        )
    if settings["EndpointType"] == "VPC" and not details:
        raise InvalidRequestError("EndpointType 'VPC' needs EndpointDetails - name a VPC")
    addresses, subnets = _addresses(settings), (details or {}).get("SubnetIds", [])
    if addresses and len(addresses) != len(subnets):
        raise InvalidRequestError(
            f"AddressAllocationIds and SubnetIds differ in number: '{len(addresses)}' and"
            f" '{len(subnets)}' - give one address for each subnet"
        )
    if len(set(addresses)) < len(addresses):
        raise InvalidRequestError(
            f"the same address twice: '{_shown(addresses)}' - give each subnet its own"
        )
    if addresses and settings["IpAddressType"] != "IPV4":
        raise InvalidRequestError(
            f"AddressAllocationIds do not go with IpAddressType '{settings['IpAddressType']}' -"
            " use IPV4"
        )


def _check_new_endpoint(settings: Settings, request: Settings, *, online: bool) -> None:
    """Addresses are given to a server that is OFFLINE and has its subnets (model documentation)."""
    given = request.get("EndpointDetails") or {}
    if "AddressAllocationIds" not in given or _addresses(request) == _addresses(settings):
        return
    if online:
        raise InvalidRequestError(
            "AddressAllocationIds cannot change while the server is ONLINE:"
            f" '{_shown(_addresses(request))}' - stop the server first"
        )
    known = (settings.get("EndpointDetails") or {}).get("SubnetIds")
    if given.get("SubnetIds", known) != known:
        raise InvalidRequestError(
            "SubnetIds and AddressAllocationIds cannot change at the same time:"
            f" '{_shown(_addresses(request))}' - change the subnets first"
        )


def _addresses(settings: Settings) -> list[str]:
    return list((settings.get("EndpointDetails") or {}).get("AddressAllocationIds") or ())


def _check_protocol_details(details: Settings, endpoint_type: str) -> None:
    proxy = (details.get("ProxyConfig") or {}).get("SftpMode", "NONE")
    if proxy != "NONE":
        raise _refused("ProxyConfig.SftpMode", proxy, "use NONE")
    ports = [item["SftpPort"] for item in details.get("SftpPorts") or ()]
    for port in ports:
        # Model documentation of ProtocolDetails.SftpPorts: 22, or 2000 to 65535.
        if (port != 22 and port < 2000) or ports.count(port) > 1:
            raise InvalidRequestError(
                f"SftpPort not allowed: '{port}' - use 22 or 2000 to 65535, each once"
            )
    if ports and endpoint_type != "PUBLIC":
        raise InvalidRequestError(
            f"SftpPorts do not go with EndpointType '{endpoint_type}' - use PUBLIC"
        )


def _says_something(value: object) -> bool:
    """Empty lists in WorkflowDetails are how a client says that there is no workflow."""
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _refused(name: str, value: object, advice: str) -> InvalidRequestError:
    return InvalidRequestError(f"{name} is not emulated: '{_shown(value)}' - {advice}")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
