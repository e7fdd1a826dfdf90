"""Where customers connect to a stack on AWS: what they and their firewalls have to know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from quillgate.errors import DeployError
from quillgate.target import Client


def lines(client: Client, outputs: Mapping[str, str]) -> Iterator[str]:
    """Host and port, static addresses, host keys, and the DNS record that is still to be made."""
    host, aws = outputs["ServerEndpoint"], outputs["ServerHostname"]
    try:
        yield f"host: {host}, port 22"
        if host != aws:
            yield f"DNS: {host} must lead to {aws} (CNAME)"
        addresses = _addresses(client, outputs.get("AddressAllocationIds", ""))
        yield (
            f"addresses: {', '.join(addresses)}"
            if addresses
            else ("addresses: they change - a firewall must let the host name through")
        )
        for key in client("transfer").list_host_keys(ServerId=outputs["ServerId"])["HostKeys"]:
            yield f"host key: {key['Type']} {key['Fingerprint']}"
    except (ClientError, BotoCoreError) as error:
        raise DeployError(
            "deployed, but where customers connect is unknown", outputs["ServerId"], str(error)
        ) from error


def _addresses(client: Client, allocations: str) -> list[str]:
    ids = [each.strip() for each in allocations.split(",") if each.strip()]
    if not ids:
        return []
    found = client("ec2").describe_addresses(AllocationIds=ids)["Addresses"]
    return [address["PublicIp"] for address in found]
