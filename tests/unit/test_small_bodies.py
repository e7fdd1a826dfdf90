"""Small bodies leave with their headers; large ones ask first, so that a refusal is still heard."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from emulator.files.login import SMALL, send_small_at_once


class Answer:
    """What urllib3 would give: nothing."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield b""

    def read(self) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("size", "asks"), [(0, False), (SMALL, False), (SMALL + 1, True), (8 * 1024 * 1024, True)]
)
def test_only_a_large_body_asks_first(size: int, asks: bool) -> None:
    sent = list[AWSPreparedRequest]()

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), Answer())

    session = boto3.Session("key", "secret", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url="http://127.0.0.1:1", config=Config(proxies={}))
    s3.meta.events.register("before-send.s3", send_small_at_once)
    s3.meta.events.register_last("before-send.s3", answer)  # type: ignore[arg-type]
    s3.put_object(Bucket="b", Key="k", Body=bytes(size))
    assert ["Expect" in request.headers for request in sent] == [asks]
