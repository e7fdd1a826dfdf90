"""LocalStack's Lambda on environments that are processes: the one part that knows LocalStack.

Chosen with LAMBDA_RUNTIME_EXECUTOR=process. A failure to prepare a version makes it `Failed`.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Mapping

from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)

from emulator.localstack.environment import ExecutionEnvironment
from emulator.localstack.function import Function, Invocation
from emulator.localstack.runtime import Host

PYTHON = "/opt/lambda/bin/python"
USER = "lambda"
LOCALSTACK = "127.0.0.1"
# What LocalStack sets for its own agent inside a function's container.
AGENT = "LOCALSTACK_RUNTIME_"


class ProcessExecutor(RuntimeExecutor):
    """One execution environment; LocalStack makes as many as it has invocations at once."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:  # noqa: A002
        super().__init__(id, function_version)
        self._environment: ExecutionEnvironment | None = None

    def start(self, env_vars: dict[str, object]) -> None:
        """Begin to load the handler; what comes of that is the first invocation's to tell."""
        self.function_version.config.code.prepare_for_execution()
        function = _function(self.function_version, env_vars)
        self._environment = ExecutionEnvironment(function, _host())

    def stop(self) -> None:
        """End the process, once it is done with what it runs."""
        if self._environment:
            self._environment.stop()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        """Run the handler with LocalStack's description of an invocation."""
        if self._environment is None:
            raise LambdaRuntimeException(
                f"environment is not started: '{self.id}' - start it first"
            )
        request_id = payload["invoke-id"]
        outcome = self._environment.invoke(
            Invocation(
                request_id=request_id,
                function_arn=payload["invoked-function-arn"],
                payload=payload["payload"].encode(),
                trace_id=payload["trace-id"],
            )
        )
        return InvocationResult(request_id, outcome.payload, outcome.is_error, outcome.log)

    def get_logs(self) -> str:
        """Nothing: the log is with each invocation's result."""
        return ""

    def get_address(self) -> str:
        """Where the function's process is."""
        return LOCALSTACK

    def get_endpoint_from_executor(self) -> str:
        """Where the function's process finds LocalStack."""
        return LOCALSTACK

    def get_runtime_endpoint(self) -> str:
        """Nothing of LocalStack's is called: the process has a Runtime API of its own."""
        return ""

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Unpack the code of a Python function; others cannot run here."""
        runtime = function_version.config.runtime or "a container image"
        if not runtime.startswith("python"):
            raise LambdaRuntimeException(f"only Python runs here: '{runtime}' - use python3.13")
        if function_version.config.code.is_hot_reloading():
            raise LambdaRuntimeException("hot reloading is not supported - update the function")
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """LocalStack removes the unpacked code itself."""


def _function(version: FunctionVersion, env_vars: Mapping[str, object]) -> Function:
    variables = {k: str(v) for k, v in env_vars.items() if not k.startswith(AGENT)}
    return Function(
        version=version.id.qualifier,
        handler=version.config.handler,
        timeout=version.config.timeout,
        memory=version.config.memory_size,
        environment={**variables, "AWS_EXECUTION_ENV": f"AWS_Lambda_{version.config.runtime}"},
        code=version.config.code.get_unzipped_code_location(),
    )


@functools.cache
def _host() -> Host:
    """The functions' own Python, under the functions' own user where there is a choice."""
    version = subprocess.run(  # noqa: S603
        [PYTHON, "-c", "import platform; print(platform.python_version())"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Host(PYTHON, version.stdout.strip(), USER if os.getuid() == 0 else None)
