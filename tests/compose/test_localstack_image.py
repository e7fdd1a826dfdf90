"""Lambda functions in our LocalStack image: processes of one container, without a Docker socket."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.compose.localstack_container import Container, packed, running_container
from tests.integration.support import eventually

HANDLER = """
import glob, json, os, time, urllib.parse
import boto3

VERSION = 1

def handler(event, context):
    if "Records" in event:
        return told(event)
    return globals()[event["do"]](event)

def version(event):
    print("grüße von", VERSION)
    return VERSION

def sleep(event):
    time.sleep(event["seconds"])
    return [os.getpid(), VERSION]

def leave(event):
    os._exit(1)

def surroundings(event):
    return {
        "user": os.getuid(),
        "variables": list(os.environ),
        "others": [path for path in glob.glob("/proc/[0-9]*/environ") if of_localstack(path)],
        "writable": [path for path in ("/", "/opt", os.getcwd()) if os.access(path, os.W_OK)],
    }

def of_localstack(path):
    try:
        return "LAMBDA_RUNTIME_EXECUTOR" in open(path).read()
    except OSError:
        return False

def told(event):
    s3 = boto3.client("s3")
    for record in event["Records"]:
        for each in json.loads(record["body"])["Records"]:
            key = urllib.parse.unquote_plus(each["s3"]["object"]["key"])
            s3.put_object(Bucket=os.environ["TOLD"], Key=key, Body=b"")
"""
ROLE = "arn:aws:iam::000000000000:role/function"
Invoke = Callable[..., Any]
NewFunction = Callable[..., str]


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    with running_container() as container:
        yield container


@pytest.fixture(scope="module")
def functions(container: Container) -> Any:
    return container.client("lambda")


@pytest.fixture
def new_function(functions: Any) -> NewFunction:
    """Makes a function of its own for each test."""

    def new_function(source: str = HANDLER, **settings: Any) -> str:
        name = f"f-{uuid.uuid4().hex[:8]}"
        defaults = {"Runtime": "python3.13", "Role": ROLE, "Handler": "m.handler", "Timeout": 20}
        code = {"ZipFile": packed(source)}
        functions.create_function(FunctionName=name, Code=code, **{**defaults, **settings})
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        return name

    return new_function


@pytest.fixture
def invoke(functions: Any) -> Invoke:
    """The answer or error, and with `LogType` the log beside it."""

    def invoke(name: str, do: str = "version", **event: Any) -> Any:
        body = json.dumps({"do": do, **event})
        answer = functions.invoke(FunctionName=name, Payload=body, LogType="Tail")
        return {
            "answer": json.loads(answer["Payload"].read()),
            "failed": "FunctionError" in answer,
            "log": base64.b64decode(answer["LogResult"]).decode(),
        }

    return invoke


def test_the_log_is_in_cloudwatch(
    container: Container, new_function: NewFunction, invoke: Invoke
) -> None:
    name = new_function()
    assert invoke(name)["answer"] == 1
    logs = container.client("logs")

    def lines() -> list[str]:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"].strip().partition(" ")[0] for event in events]

    def written() -> None:
        assert lines() == ["INIT_START", "START", "grüße", "END", "REPORT"]

    # The group is there with the first lines.
    eventually(lambda: _without(logs.exceptions.ResourceNotFoundException, written))


def _without(error: type[Exception], look: Callable[[], None]) -> None:
    try:
        look()
    except error as missing:
        raise AssertionError(missing) from missing


def test_a_timeout_ends_the_invocation(new_function: NewFunction, invoke: Invoke) -> None:
    name = new_function(Timeout=1)
    outcome = invoke(name, "sleep", seconds=100)
    assert outcome["failed"]
    assert "Task timed out after 1.00 seconds" in outcome["answer"]["errorMessage"]
    assert "Status: timeout" in outcome["log"]
    assert invoke(name)["answer"] == 1


def test_a_process_that_ends_is_an_error(new_function: NewFunction, invoke: Invoke) -> None:
    name = new_function()
    outcome = invoke(name, "leave")
    assert outcome["failed"]
    assert outcome["answer"]["errorType"] == "Runtime.ExitError"
    assert invoke(name)["answer"] == 1


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("import nothing_there", "m.handler", "Runtime.ImportModuleError"),
        (HANDLER, "m.nobody", "Runtime.HandlerNotFound"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_an_error(
    new_function: NewFunction, invoke: Invoke, source: str, handler: str, kind: str
) -> None:
    outcome = invoke(new_function(source, Handler=handler))
    assert outcome["failed"]
    assert outcome["answer"]["errorType"] == kind
    assert kind in outcome["log"]


def test_an_update_takes_effect_and_what_runs_is_finished(
    functions: Any, new_function: NewFunction, invoke: Invoke
) -> None:
    name = new_function()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, name, "sleep", seconds=3)
        eventually(lambda: _assert_answers(invoke, name, 1))
        code = packed(HANDLER.replace("VERSION = 1", "VERSION = 2"))
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        assert invoke(name)["answer"] == 2
        assert not running.done()
        assert running.result()["answer"][1] == 1


def _assert_answers(invoke: Invoke, name: str, version: int) -> None:
    assert invoke(name)["answer"] == version


def test_several_run_at_once(new_function: NewFunction, invoke: Invoke) -> None:
    name = new_function()
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: invoke(name, "sleep", seconds=2), range(4)))
    assert len({outcome["answer"][0] for outcome in outcomes}) == 4


def test_a_function_sees_nothing_of_localstack(new_function: NewFunction, invoke: Invoke) -> None:
    found = invoke(new_function(), "surroundings")["answer"]
    assert found["user"] != 0
    assert found["others"] == []
    assert found["writable"] == []
    assert "LAMBDA_RUNTIME_EXECUTOR" not in found["variables"]


def test_an_upload_reaches_the_function(container: Container, new_function: NewFunction) -> None:
    s3, sqs = container.client("s3"), container.client("sqs")
    inbox, told, queue = (f"{kind}-{uuid.uuid4().hex[:8]}" for kind in ("inbox", "told", "queue"))
    for bucket in (inbox, told):
        s3.create_bucket(Bucket=bucket)
    arn = _new_queue(sqs, queue)
    name = new_function(Environment={"Variables": {"TOLD": told}})
    container.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(
        Bucket=inbox, NotificationConfiguration=configuration, SkipDestinationValidation=True
    )
    keys = {"q3 sales.csv", "a+b/é %.csv"}
    for key in keys:
        s3.put_object(Bucket=inbox, Key=key, Body=b"")
    eventually(lambda: _assert_keys(s3, told, keys))


def _new_queue(sqs: Any, name: str) -> str:
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(attributes["Attributes"]["QueueArn"])


def _assert_keys(s3: Any, bucket: str, keys: set[str]) -> None:
    assert {item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]} == keys


def test_other_runtimes_are_refused(functions: Any) -> None:
    name = f"f-{uuid.uuid4().hex[:8]}"
    functions.create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Role=ROLE,
        Handler="m.handler",
        Code={"ZipFile": packed("")},
    )

    def refused() -> None:
        found = functions.get_function_configuration(FunctionName=name)
        assert found["State"] == "Failed"
        assert "only Python runs here: 'nodejs22.x' - use python3.13" in found["StateReason"]

    eventually(refused)


def test_a_deleted_function_leaves_nothing(
    container: Container, functions: Any, new_function: NewFunction, invoke: Invoke
) -> None:
    before = environments(container)
    name = new_function()
    for number in range(30):
        leaves = number % 3 == 0
        assert invoke(name, "leave" if leaves else "version")["failed"] == leaves
    assert environments(container) == (before[0] + 1, before[1] + 1)
    functions.delete_function(FunctionName=name)
    eventually(lambda: _assert_environments(container, before))


def environments(container: Container) -> tuple[int, int]:
    """How many processes of functions there are, and how many folders."""
    # The brackets keep the command from finding itself.
    processes = container.shell("grep -l awslambda[r]ic /proc/[0-9]*/cmdline 2>/dev/null | wc -l")
    return int(processes), int(container.shell("ls /tmp | grep -c lambda-environment- || true"))


def _assert_environments(container: Container, expected: tuple[int, int]) -> None:
    assert environments(container) == expected
