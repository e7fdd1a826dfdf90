"""Every alarm of the stack goes off and its topic tells of it, from the event on where that can be.

No engine makes metrics of the log's EMF lines, as CloudWatch does: here the test does that, with
what the watchdog has really written. What no engine measures is put as AWS would put it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.support import Environment, Quill, eventually, upload

# What describe_alarms gives and put_metric_alarm takes.
DEFINITION = (
    *("AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "MetricName", "Namespace"),
    *("Statistic", "Dimensions", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
    *("ComparisonOperator", "TreatMissingData"),
)
# LocalStack measures queues once a minute, and looks at an alarm once in its period.
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Watch:
    """The stack's alarms, and a queue that hears what the topic tells."""

    environment: Environment
    queue_url: str

    def definition(self, name: str) -> dict[str, Any]:
        """The alarm as the engine has it."""
        cloudwatch = self.environment.client("cloudwatch")
        full = f"{self.environment.stack_name}-{name}"
        [alarm] = cloudwatch.describe_alarms(AlarmNames=[full])["MetricAlarms"]
        return {key: alarm[key] for key in DEFINITION if key in alarm}

    def goes_off(self, name: str, metric: dict[str, Any], namespace: str = "Quillgate") -> None:
        """Put a metric once into each of the alarm's periods; the topic tells of the alarm."""
        cloudwatch = self.environment.client("cloudwatch")
        alarm = self.definition(name)
        assert alarm["Namespace"] == namespace
        assert alarm["MetricName"] == metric["MetricName"]
        assert alarm["Dimensions"] == metric["Dimensions"]
        now = datetime.now(UTC)
        for period in range(alarm["EvaluationPeriods"]):
            at = now - timedelta(seconds=period * alarm["Period"] + 1)
            datum = {**metric, "Timestamp": at}
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])
        self.is_told(alarm)

    def is_told(self, alarm: dict[str, Any]) -> None:
        """The topic tells of the alarm and what to do.

        What an earlier run has left is undone: it is no news. A put makes the engine look at once.
        """
        cloudwatch = self.environment.client("cloudwatch")
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue="OK", StateReason="a test begins"
        )
        cloudwatch.put_metric_alarm(**alarm)
        self._hears_of(alarm)

    def is_told_when_set(self, name: str) -> dict[str, Any]:
        """The topic tells of an alarm whose state somebody sets; gives the alarm."""
        cloudwatch, alarm = self.environment.client("cloudwatch"), self.definition(name)
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test says so"
            )
        self._hears_of(alarm)
        return alarm

    def _hears_of(self, alarm: dict[str, Any]) -> None:
        name = alarm["AlarmName"]

        def told() -> None:
            message = next(each for each in self._heard() if each["AlarmName"] == name)
            assert message["AlarmDescription"] == alarm["AlarmDescription"]

        eventually(told, PATIENCE_SECONDS, not_yet=(StopIteration,))

    def _heard(self) -> Iterator[dict[str, Any]]:
        """The alarms the topic has told of since the last look."""
        sqs = self.environment.client("sqs")
        answer = sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in answer.get("Messages", ()):
            told = json.loads(json.loads(message["Body"])["Message"])
            if told["NewStateValue"] == "ALARM":
                yield told


@pytest.fixture
def watch(environment: Environment) -> Iterator[Watch]:
    """A queue of this test's own, subscribed to the topic."""
    sqs, sns = environment.client("sqs"), environment.client("sns")
    url = sqs.create_queue(QueueName=f"alarms-{uuid.uuid4().hex}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic = outputs(environment)["AlarmTopicArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscribed = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"], ReturnSubscriptionArn=True
    )
    yield Watch(environment, url)
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


def outputs(environment: Environment) -> dict[str, str]:
    cloudformation = environment.client("cloudformation")
    [stack] = cloudformation.describe_stacks(StackName=environment.stack_name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def counted(environment: Environment, key: str, message: str, metric: str) -> dict[str, Any]:
    """The metric that CloudWatch makes of what the watchdog wrote, once it said so of the key."""

    def written() -> dict[str, Any]:
        log = environment.watchdog_log()
        at = next(n for n, it in enumerate(log) if said(it, key, message))
        return next(line for line in log[at:] if "_aws" in line and metric in line)

    return as_cloudwatch(eventually(written, not_yet=(StopIteration,)), metric)


def as_cloudwatch(line: dict[str, Any], metric: str) -> dict[str, Any]:
    """What CloudWatch makes of a line of the log (embedded metric format)."""
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "Quillgate"
    assert metric in [each["Name"] for each in described["Metrics"]]
    [names] = described["Dimensions"]
    return {
        "MetricName": metric,
        "Values": line[metric],
        "Dimensions": [{"Name": name, "Value": line[name]} for name in names],
    }


def said(line: dict[str, Any], key: str, message: str) -> bool:
    return line.get("key") == key and line.get("message") == message


def of_aws(metric: str, dimension: str, name: str, value: float) -> dict[str, Any]:
    dimensions = [{"Name": dimension, "Value": name}]
    return {"MetricName": metric, "Value": value, "Dimensions": dimensions}


def test_an_upload_without_a_route(environment: Environment, watch: Watch) -> None:
    key = upload(environment, environment.new_user(), "misc/a.csv")
    watch.goes_off("unrouted", counted(environment, key, "upload unrouted", "Unrouted"))


@dataclass(frozen=True)
class Answer:
    """What Quill says, what the watchdog makes of it, and the alarm that follows."""

    status: int
    message: str
    metric: str
    alarm: str


@pytest.mark.parametrize(
    "answer",
    [
        Answer(422, "upload rejected", "Rejected", "rejected"),
        Answer(401, "retry", "Misconfigured", "misconfigured"),
        Answer(503, "retry", "Retried", "retrying"),
    ],
    ids=lambda answer: answer.alarm,
)
def test_what_quill_answers(
    environment: Environment, quill: Quill, watch: Watch, answer: Answer
) -> None:
    user = environment.routed_user()
    quill.order_fault(status=answer.status, times=1, project=user.name)
    key = upload(environment, user)
    metric = counted(environment, key, answer.message, answer.metric)
    watch.goes_off(answer.alarm, metric)


@pytest.mark.parametrize(("alarm", "metric"), [("swept", "Swept"), ("long-waiting", "LongWaiting")])
def test_what_the_sweep_finds(
    environment: Environment, watch: Watch, alarm: str, metric: str
) -> None:
    """Its line, but with something found: to lose events would harm the tests beside this one."""
    invoke(environment, "sweep", {})

    def written() -> dict[str, Any]:
        log = environment.log_of("sweep")
        return next(line for line in log if "_aws" in line and metric in line)

    line = eventually(written, not_yet=(StopIteration,))
    watch.goes_off(alarm, as_cloudwatch({**line, metric: [1.0]}, metric))


def test_a_fragment(environment: Environment, watch: Watch) -> None:
    """As every outcome is counted (a unit test compares)."""
    dimensions = [{"Name": "Stack", "Value": environment.stack_name}]
    partial = {"MetricName": "Partial", "Value": 1, "Dimensions": dimensions}
    watch.goes_off("partial", partial)


@pytest.mark.parametrize(
    ("function", "event"), [("watchdog", {}), ("sweep", {"grace_seconds": "none"})]
)
def test_a_run_that_dies(
    environment: Environment, watch: Watch, function: str, event: dict[str, str]
) -> None:
    """The engine counts it by itself; what a function cannot read fails as a whole."""
    alarm = watch.definition(f"{function}-errors")
    assert "FunctionError" in invoke(environment, function, event)
    eventually(lambda: is_measured(environment, alarm))
    watch.is_told(alarm)


def is_measured(environment: Environment, alarm: dict[str, Any]) -> None:
    """The alarm's metric has crossed its threshold, as the engine sees it at this moment."""
    now = datetime.now(UTC)
    found = environment.client("cloudwatch").get_metric_statistics(
        **{key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")},
        StartTime=now - timedelta(seconds=alarm["Period"]),
        EndTime=now,
        Period=alarm["Period"],
        Statistics=["Sum"],
    )
    assert any(each["Sum"] > alarm["Threshold"] for each in found["Datapoints"])


def invoke(environment: Environment, function: str, event: dict[str, str]) -> dict[str, Any]:
    return dict(
        environment.client("lambda").invoke(
            FunctionName=f"{environment.stack_name}-{function}", Payload=json.dumps(event).encode()
        )
    )


def test_a_dead_letter(environment: Environment, watch: Watch) -> None:
    """ministack measures no queues: there the metric is put as AWS would put it."""
    sqs, url = environment.client("sqs"), environment.dead_letter_queue_url
    if environment.environment == "embedded":
        name = url.rpartition("/")[2]
        dead = of_aws("ApproximateNumberOfMessagesVisible", "QueueName", name, 1)
        watch.goes_off("dead-letters", dead, "AWS/SQS")
        return
    sqs.send_message(QueueUrl=url, MessageBody="of a test of alarms")
    try:
        watch.is_told(watch.definition("dead-letters"))
    finally:
        _take(sqs, url, "of a test of alarms")


def _take(sqs: Any, url: str, body: str) -> None:
    """Delete the message with this body, and leave those of others."""

    def taken() -> None:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)
        [ours] = [each for each in found["Messages"] if each["Body"] == body]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=ours["ReceiptHandle"])

    eventually(taken)


def test_a_queue_that_nobody_empties(environment: Environment, watch: Watch) -> None:
    """No engine measures the age of messages."""
    name = environment.queue_url.rpartition("/")[2]
    old = of_aws("ApproximateAgeOfOldestMessage", "QueueName", name, 3601)
    watch.goes_off("oldest-message", old, "AWS/SQS")


def test_a_sweep_that_nobody_runs(environment: Environment, watch: Watch) -> None:
    """ministack adds up the runs of all functions, LocalStack would have to be waited for."""
    alarm = watch.is_told_when_set("sweep-missing")
    [dimension] = alarm["Dimensions"]
    assert dimension["Value"] == f"{environment.stack_name}-sweep"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Invocations")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_a_watchdog_that_is_kept_back(environment: Environment, watch: Watch) -> None:
    """To be kept back in earnest would harm the tests beside this one."""
    name = f"{environment.stack_name}-watchdog"
    kept = of_aws("Throttles", "FunctionName", name, 1)
    watch.goes_off("watchdog-throttles", kept, "AWS/Lambda")


def test_every_alarm_is_tested_here(environment: Environment) -> None:
    """One that is added to the template needs a test of its own."""
    cloudwatch = environment.client("cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNamePrefix=f"{environment.stack_name}-")
    names = {
        each["AlarmName"].removeprefix(f"{environment.stack_name}-")
        for each in found["MetricAlarms"]
    }
    assert names == {
        *("dead-letters", "oldest-message", "retrying", "misconfigured", "rejected", "unrouted"),
        *("partial", "long-waiting", "swept", "watchdog-errors", "watchdog-throttles"),
        *("sweep-errors", "sweep-missing"),
    }


def test_the_dashboard_is_there(environment: Environment) -> None:
    """LocalStack accepts a dashboard and makes none."""
    if environment.environment == "compose":
        [resource] = environment.client("cloudformation").describe_stack_resources(
            StackName=environment.stack_name, LogicalResourceId="Dashboard"
        )["StackResources"]
        assert resource["ResourceType"] == "AWS::CloudWatch::Dashboard"
        return
    cloudwatch = environment.client("cloudwatch")
    found = cloudwatch.get_dashboard(DashboardName=environment.stack_name)
    widgets = json.loads(found["DashboardBody"])["widgets"]
    assert "${" not in found["DashboardBody"]
    assert [each["type"] for each in widgets].count("alarm") == 1
