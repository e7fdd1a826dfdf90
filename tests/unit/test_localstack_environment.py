"""Execution environments with real processes, under AWS's own runtime client."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from emulator.localstack.environment import ExecutionEnvironment
from emulator.localstack.function import Function, Invocation, Outcome
from emulator.localstack.runtime import Host
from tests.unit.quill_fakes import eventually

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="awslambdaric has no wheels elsewhere; the image is Linux"
)

HANDLER = """
import json, os, subprocess, sys, time
print("loading")

def handler(event, context):
    return DO[event["do"]](event, context)

def leave(event, context):
    print("leaving")
    os._exit(event["status"])

def leave_a_child(event, context):
    return subprocess.Popen(["sleep", "1000"]).pid

def use_late_module(event, context):
    import late
    return late.VALUE

DO = {
    "pid": lambda event, context: os.getpid(),
    "echo": lambda event, context: event,
    "print": lambda event, context: print(event["text"]),
    "raise": lambda event, context: int("bäd"),
    "sleep": lambda event, context: time.sleep(event["seconds"]),
    "wait": lambda event, context: open(event["fifo"]).read(),
    "leave": leave,
    "kill": lambda event, context: os.kill(os.getpid(), 9),
    "child": leave_a_child,
    "late": use_late_module,
    "environment": lambda event, context: dict(os.environ),
    "large": lambda event, context: "x" * event["size"],
    "context": lambda event, context: {
        "left": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "id": context.aws_request_id,
        "name": context.function_name,
    },
}
"""
Make = Callable[..., ExecutionEnvironment]


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder where environments keep theirs; none may be left."""
    folder = tmp_path / "environments"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def make(tmp_path: Path, environments: Path) -> Iterator[Make]:
    """Starts environments for a function of `source`; they end with the test."""
    made = []

    def make(source: str = HANDLER, name: str = "m.handler", **settings: Any) -> Any:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "m.py").write_text(source)
        (code / "late.py").write_text("VALUE = 'late'")
        init_seconds = settings.pop("init_seconds", 10)
        values: dict[str, Any] = {"timeout": 20, "environment": {}, **settings}
        function = Function(version="$LATEST", handler=name, memory=128, code=code, **values)
        host = Host(sys.executable, platform.python_version(), init_seconds=init_seconds)
        made.append(ExecutionEnvironment(function, host))
        return made[-1]

    yield make
    for environment in made:
        environment.stop()


def run(environment: ExecutionEnvironment, do: str = "pid", **event: Any) -> Outcome:
    body = json.dumps({"do": do, **event}).encode()
    return environment.invoke(Invocation("id-1", "arn:of:function", body))


def answer(environment: ExecutionEnvironment, do: str = "pid", **event: Any) -> Any:
    outcome = run(environment, do, **event)
    assert not outcome.is_error, outcome.payload
    return json.loads(outcome.payload)


def error(outcome: Outcome) -> Any:
    assert outcome.is_error
    return json.loads(outcome.payload)


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_one_process_takes_one_invocation_after_the_other(make: Make) -> None:
    environment = make()
    pid = answer(environment)
    assert answer(environment) == pid != os.getpid()
    assert run(environment, "raise").is_error
    assert answer(environment) == pid


def test_the_event_and_the_answer_go_through_as_they_are(make: Make) -> None:
    event = {"name": "q3 é+%\n\"'.csv", "empty": "", "rows": [1, None, 1.5]}
    assert answer(make(), "echo", **event) == {"do": "echo", **event}


def test_large_events_and_answers_go_through(make: Make) -> None:
    environment = make()
    assert len(answer(environment, "echo", text="é" * 900_000)["text"]) == 900_000
    assert len(answer(environment, "large", size=6_000_000)) == 6_000_000
    assert error(run(environment, "large", size=7_000_000)) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size"
        " (6291556 bytes).",
    }
    assert answer(environment, "large", size=1) == "x"


def test_the_log_has_what_this_invocation_wrote(make: Make) -> None:
    environment = make()
    first = run(environment, "print", text="ünö\ndue").log.split("\n")
    assert first[0].startswith("INIT_START Runtime Version: python:3.")
    assert first[1:6] == [
        "loading",
        "START RequestId: id-1 Version: $LATEST",
        "ünö",
        "due",
        "END RequestId: id-1",
    ]
    assert first[6].startswith("REPORT RequestId: id-1\tDuration: ")
    assert "\tInit Duration: " in first[6]
    second = run(environment, "print", text="tre").log.split("\n")
    assert second[:3] == ["START RequestId: id-1 Version: $LATEST", "tre", "END RequestId: id-1"]
    assert "Init" not in second[3]
    assert "\tMemory Size: 128 MB\tMax Memory Used: " in second[3]


def test_a_flood_of_output_is_cut(make: Make) -> None:
    log = run(make(), "print", text="x" * 5_000_000).log
    assert len(log) < 4_200_000
    assert "\n805697 more bytes left out\nEND" in log


def test_an_error_of_the_handler_is_its_own(make: Make) -> None:
    outcome = run(make(), "raise")
    assert error(outcome)["errorType"] == "ValueError"
    assert "bäd" in error(outcome)["errorMessage"]
    assert "[ERROR] ValueError" in outcome.log


def test_the_timeout_ends_the_process(make: Make) -> None:
    environment = make(timeout=0.5)
    pid = answer(environment)
    outcome = run(environment, "sleep", seconds=100)
    assert error(outcome) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 0.50 seconds",
    }
    assert "Error: Task timed out after 0.50 seconds\nEND RequestId: id-1" in outcome.log
    assert outcome.log.endswith("\tStatus: timeout")
    assert not is_alive(pid)
    assert answer(environment) != pid


def test_a_handler_that_is_never_loaded_times_out(make: Make) -> None:
    outcome = run(make("import time; time.sleep(100)", timeout=0.1, init_seconds=0.1))
    assert error(outcome)["errorType"] == "Sandbox.Timedout"


@pytest.mark.parametrize(
    ("do", "event", "why"),
    [
        ("leave", {"status": 1}, "with error: exit status 1"),
        ("leave", {"status": 0}, "without providing a reason"),
        ("kill", {}, "with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_an_error_and_the_next_one_works(
    make: Make, do: str, event: dict[str, int], why: str
) -> None:
    environment = make()
    pid = answer(environment)
    outcome = run(environment, do, **event)
    assert error(outcome) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: id-1 Error: Runtime exited {why}",
    }
    assert ("leaving" in outcome.log) == (do == "leave")
    assert answer(environment) not in (pid, None)


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        ("import nothing_there", "m.handler", "Runtime.ImportModuleError"),
        (HANDLER, "m.nobody", "Runtime.HandlerNotFound"),
        ("1 / 0", "m.handler", "ZeroDivisionError"),
        ("import os; os._exit(3)", "m.handler", "Runtime.ExitError"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_an_error_each_time(
    make: Make, source: str, name: str, kind: str
) -> None:
    environment = make(source, name)
    for outcome in (run(environment), run(environment)):
        assert error(outcome)["errorType"] == kind
        assert outcome.log.endswith("\tStatus: error")


def test_what_it_runs_on_is_lambdas(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_LOCALSTACK", "secret")
    given = {"AWS_LAMBDA_FUNCTION_NAME": "f", "GREETING": "grüß dich"}
    variables = answer(make(environment=given), "environment")
    assert given.items() <= variables.items()
    assert "OF_LOCALSTACK" not in variables
    assert (Path(variables["LAMBDA_TASK_ROOT"]) / "m.py").is_file()


def test_the_context_knows_the_deadline(make: Make) -> None:
    given = {"AWS_LAMBDA_FUNCTION_NAME": "f"}
    context = answer(make(timeout=7, environment=given), "context")
    assert 5000 < context.pop("left") <= 7000
    assert context == {"arn": "arn:of:function", "id": "id-1", "name": "f"}


def test_it_keeps_its_code_when_the_function_is_updated(make: Make, tmp_path: Path) -> None:
    environment = make()
    assert answer(environment)
    shutil.rmtree(tmp_path / "code")
    assert answer(environment, "late") == "late"
    assert run(environment, "leave", status=1).is_error
    assert answer(environment, "late") == "late"


def test_environments_run_at_once_and_apart(make: Make) -> None:
    made = [make() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        pids = list(pool.map(answer, made))
    assert len(set(pids)) == 4


def test_a_stop_lets_what_runs_come_to_its_end(
    make: Make, tmp_path: Path, environments: Path
) -> None:
    environment = make()
    pid = answer(environment)
    os.mkfifo(tmp_path / "fifo")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(answer, environment, "wait", fifo=str(tmp_path / "fifo"))
        # Opens once the handler has opened the other end.
        with (tmp_path / "fifo").open("w") as fifo:
            environment.stop()
            fifo.write("done")
        assert running.result() == "done"
    eventually(lambda: _assert_gone(pid, environments))


def test_what_the_process_started_ends_with_it(make: Make, environments: Path) -> None:
    environment = make()
    child = answer(environment, "child")
    assert is_alive(child)
    environment.stop()
    eventually(lambda: _assert_gone(child, environments))


def test_nothing_is_left_behind(make: Make, environments: Path) -> None:
    make().stop()
    eventually(_assert_no_threads)
    files = _open_files()
    environment = make()
    for _ in range(3):
        assert run(environment, "leave", status=1).is_error
        assert answer(environment)
    assert len(list(environments.iterdir())) == 1
    environment.stop()
    eventually(_assert_no_threads)
    assert _open_files() == files


def test_a_process_that_cannot_be_started_leaves_nothing(make: Make, environments: Path) -> None:
    with pytest.raises(OSError, match="Argument list too long"):
        make(environment={"TOO_LARGE": "x" * 10_000_000})


def _assert_gone(pid: int, environments: Path) -> None:
    assert not is_alive(pid)
    assert not list(environments.iterdir())


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _assert_no_threads() -> None:
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.endswith(("(serve_forever)", "(_watch)"))]
