"""An embedded environment of its own, with what the choices name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import asyncssh
import pytest

from tests.combinations import choices
from tests.integration.support import Running, start_environment, stop_as_by_hand

Named = Callable[[dict[str, str]], dict[str, str]]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    stop_as_by_hand()
    with start_environment(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture(scope="session")
def named(running: Running) -> Named:
    """Parameters with the names this engine has given in place of those that the choices hold."""
    client = running.environment.client
    secrets = client("secretsmanager")
    zone = client("route53").create_hosted_zone(Name="example.com", CallerReference="combinations")
    made = {
        choices.KMS_KEY: client("kms").create_key()["KeyMetadata"]["Arn"],
        "Z0123456789ABC": zone["HostedZone"]["Id"].rpartition("/")[2],
    }
    for choice in choices.HOST_KEYS:
        for parameter, arn in choice.items():
            if arn not in made:
                secret = secrets.create_secret(Name=parameter, SecretString=host_key(parameter))
                made[arn] = secret["ARN"]
    return lambda given: {name: made.get(value, value) for name, value in given.items()}


def host_key(parameter: str) -> str:
    types = {
        "HostKeyRsaSecretArn": "ssh-rsa",
        "HostKeyEcdsaSecretArn": "ecdsa-sha2-nistp256",
        "HostKeyEd25519SecretArn": "ssh-ed25519",
    }
    return asyncssh.generate_private_key(types[parameter]).export_private_key().decode()
