"""What the template's conditions leave to choose, and which choices are deployed.

There are 27,648 combinations. No resource looks at all conditions: in the 60 of `FORMS` every
resource and output takes every form it can, and every two choices meet (a unit test proves both).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

Choice = dict[str, str]
ACCOUNT, REGION = "000000000000", "us-east-1"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
PUBLIC_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl testuser"
)
OFF: Choice = {}
SEED = 5

_VPC = {
    "VpcId": "vpc-00000001",
    "EndpointSubnet1": "subnet-00000001",
    "EndpointSubnet2": "subnet-00000002",
}
_THIRD = {"EndpointSubnet3": "subnet-00000003"}
_GIVEN = {
    "AddressAllocation1": "eipalloc-0000000a",
    "AddressAllocation2": "eipalloc-0000000b",
}
_THIRD_GIVEN = {"AddressAllocation3": "eipalloc-0000000c"}
_ALLOWED = {"ClientPrefixListId": "pl-00000001"}
_NAME = {"CustomHostname": "sftp.example.com"}
_IN_PLACES = (
    _VPC,
    _VPC | _THIRD,
    _VPC | _GIVEN,
    _VPC | _GIVEN | _THIRD | _THIRD_GIVEN,
)

ENDPOINTS: tuple[Choice, ...] = (
    OFF,
    *(place | allowed for place in _IN_PLACES for allowed in (OFF, _ALLOWED)),
)
HOSTNAMES: tuple[Choice, ...] = (OFF, _NAME, _NAME | {"HostedZoneId": "Z0123456789ABC"})


def _secret(kind: str) -> Choice:
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:host-key-{kind.lower()}-AbCdEf"
    return {f"HostKey{kind}SecretArn": arn}


HOST_KEYS: tuple[Choice, ...] = tuple(
    {name: arn for secret in chosen for name, arn in secret.items()}
    for count in range(4)
    for chosen in itertools.combinations([_secret(k) for k in ("Rsa", "Ecdsa", "Ed25519")], count)
)
SWITCHES: tuple[Choice, ...] = (
    {"LoginBanner": "hello"},
    {"KmsKeyArn": KMS_KEY},
    {"TestUserPublicKey": PUBLIC_KEY},
    {"TlsOnly": "true"},
    {"QuillPrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/quillgate-fake-quill"},
    {"AlarmEmail": "ops@example.com"},
    {"SubnetIds": "subnet-00000001,subnet-00000002", "SecurityGroupIds": "sg-00000001"},
)
# `TlsOnly` has a value for off, the others are empty.
_ALL_OFF = {
    name: "" for choice in (*SWITCHES, *ENDPOINTS, *HOSTNAMES, *HOST_KEYS) for name in choice
} | {"TlsOnly": "false"}
AXES: tuple[tuple[Choice, ...], ...] = (
    ENDPOINTS,
    HOSTNAMES,
    HOST_KEYS,
    *((OFF, switch) for switch in SWITCHES),
)


def parameters(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Every parameter that a choice sets, also those that are off."""
    return _ALL_OFF | {name: value for choice in choices for name, value in choice.items()}


def every() -> Iterator[tuple[Choice, ...]]:
    """All combinations, one choice of each axis."""
    return itertools.product(*AXES)


def _deployed() -> Iterator[tuple[Choice, ...]]:
    """The server in each of its forms; the switches that it does not look at fall as they fall."""
    coin = random.Random(SEED)
    servers = itertools.product((OFF, *_IN_PLACES), range(3), range(2), range(2))
    for number, (place, hostname, has_key, banner) in enumerate(servers):
        allowed = _ALLOWED if place and (hostname + has_key + banner) % 2 else OFF
        yield (
            place | allowed,
            HOSTNAMES[hostname],
            HOST_KEYS[1 + number // 2 % 7] if has_key else OFF,
            SWITCHES[0] if banner else OFF,
            *(coin.choice((OFF, switch)) for switch in SWITCHES[1:]),
        )


FORMS: tuple[tuple[Choice, ...], ...] = tuple(_deployed())
