"""What LocalStack finds by the entry point `localstack.lambda.runtime_executor`."""

from __future__ import annotations

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """LAMBDA_RUNTIME_EXECUTOR=process."""

    name = "process"

    def load(self, *_: object, **__: object) -> type:
        """The executor; imported late, as LocalStack's own are."""
        from emulator.localstack.executor import ProcessExecutor  # noqa: PLC0415
        from emulator.localstack.polling import keep_rests_short  # noqa: PLC0415

        keep_rests_short()
        return ProcessExecutor
