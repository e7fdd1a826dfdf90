"""Secrets Manager in memory."""

from __future__ import annotations

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:"


class Secrets:
    """What host keys need of it: `texts` by ARN; `deleted`, and waiting for that, by ARN."""

    class exceptions:  # noqa: N801 - boto3's name
        class ResourceExistsException(Exception):  # noqa: N818 - AWS's name
            pass

        class InvalidRequestException(Exception):  # noqa: N818 - AWS's name
            pass

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.deleted: set[str] = set()

    def create_secret(self, **request: str) -> dict[str, str]:
        arn = SECRET_ARN + request["Name"]
        if arn in self.deleted:
            raise self.exceptions.InvalidRequestException("already scheduled for deletion")
        if arn in self.texts:
            raise self.exceptions.ResourceExistsException(arn)
        self.texts[arn] = request["SecretString"]
        return {"ARN": arn}

    def get_secret_value(self, **request: str) -> dict[str, str]:
        arn = SECRET_ARN + request["SecretId"].removeprefix(SECRET_ARN)
        return {"ARN": arn, "SecretString": self.texts[arn]}
