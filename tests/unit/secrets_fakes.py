"""Secrets Manager in memory."""

from __future__ import annotations

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"


class Secrets:
    """What host keys need of it: `texts` by ARN."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceExistsException(Exception):  # noqa: N818 - AWS's name
            pass

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def create_secret(self, **request: str) -> dict[str, str]:
        arn = SECRET_ARN + request["Name"]
        if arn in self.texts:
            raise self.exceptions.ResourceExistsException(arn)
        self.texts[arn] = request["SecretString"]
        return {"ARN": arn}

    def get_secret_value(self, **request: str) -> dict[str, str]:
        arn = SECRET_ARN + request["SecretId"].removeprefix(SECRET_ARN)
        return {"ARN": arn, "SecretString": self.texts[arn]}
