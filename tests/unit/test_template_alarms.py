"""What stack/template.yaml watches: every alarm and graph has a metric that somebody emits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sftp_watchdog.metrics import Metric, Metrics

from quillgate.deploy.local import LOCAL_PARAMETERS
from quillgate.deploy.split import split
from tests.unit.production import TEMPLATE

RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
ALARMS = {
    name: it["Properties"]
    for name, it in RESOURCES.items()
    if it["Type"] == "AWS::CloudWatch::Alarm"
}
FUNCTIONS = {
    name: it["Properties"]
    for name, it in RESOURCES.items()
    if it["Type"] == "AWS::Serverless::Function"
}
# What lies on a queue without metrics is still there; what nobody runs has no metrics.
WITHOUT_DATA = {"DeadLettersAlarm": "ignore", "SweepMissingAlarm": "breaching"}
STACK = "${Environment}-${Platform}-${Function}"
# Of those that AWS documents, by namespace and dimension. SQS developer guide, "Available
# CloudWatch metrics for Amazon SQS"; Lambda developer guide, "Types of metrics for Lambda
# functions".
OF_AWS = {
    ("AWS/SQS", "QueueName"): {
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesVisible",
    },
    ("AWS/Lambda", "FunctionName"): {
        "ConcurrentExecutions",
        "Duration",
        "Errors",
        "Invocations",
        "Throttles",
    },
}


@dataclass(frozen=True)
class Watched:
    """A metric as an alarm or a graph names it."""

    namespace: str
    name: str
    dimension: str
    value: str


def text(value: Any) -> str:
    """`!Sub`, `!Ref` or `!GetAtt` as it is written inside a `!Sub`."""
    if isinstance(value, str):
        return value
    ((how, what),) = value.items()
    return str(what) if how == "Fn::Sub" else f"${{{what if how == 'Ref' else '.'.join(what)}}}"


def of_alarm(alarm: dict[str, Any]) -> Watched:
    [dimension] = alarm["Dimensions"]
    value = text(dimension["Value"])
    return Watched(alarm["Namespace"], alarm["MetricName"], dimension["Name"], value)


def widgets() -> list[dict[str, Any]]:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    return list(json.loads(body)["widgets"])


def graphed() -> Iterator[Watched]:
    """Every metric of the dashboard, with `.` for what is above it written out."""
    for widget in widgets():
        above = [""] * 4
        for row in widget["properties"].get("metrics", ()):
            above = [old if new == "." else new for old, new in zip(above, row[:4], strict=True)]
            yield Watched(*above)


WATCHED = {name: of_alarm(alarm) for name, alarm in ALARMS.items()}
GRAPHED = list(graphed())


@pytest.mark.parametrize("watched", [*WATCHED.values(), *GRAPHED], ids=str)
def test_somebody_emits_every_metric(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    if watched.namespace.startswith("AWS/"):
        assert watched.name in OF_AWS[watched.namespace, watched.dimension]
        return
    metrics = Metrics("Quillgate", STACK)
    metrics.count(Metric(watched.name))
    metrics.flush()
    line = json.loads(capsys.readouterr().out)
    [emitted] = line["_aws"]["CloudWatchMetrics"]
    assert emitted["Namespace"] == watched.namespace
    assert [each["Name"] for each in emitted["Metrics"]] == [watched.name]
    assert emitted["Dimensions"] == [[watched.dimension]], "the exact set, or nothing is seen"
    assert line[watched.dimension] == watched.value


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_told_what_its_metrics_are_called(name: str) -> None:
    variables = FUNCTIONS[name]["Environment"]["Variables"]
    assert text(variables["STACK_NAME"]) == STACK
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "Quillgate"


def test_the_queues_and_functions_watched_are_there() -> None:
    for each in [*WATCHED.values(), *GRAPHED]:
        if each.namespace.startswith("AWS/"):
            found = re.fullmatch(r"\$\{(\w+)(\.QueueName)?\}", each.value)
            assert found is not None, each
            queue = RESOURCES[found[1]]["Type"] == "AWS::SQS::Queue"
            assert queue == bool(found[2]) == (each.namespace == "AWS/SQS")


def test_the_dashboard_shows_every_metric_of_ours_and_every_alarm() -> None:
    assert {each.name for each in GRAPHED if each.namespace == "Quillgate"} == set(Metric)
    [alarms] = [each for each in widgets() if each["type"] == "alarm"]
    assert alarms["properties"]["alarms"] == [f"${{{name}.Arn}}" for name in ALARMS]


def test_the_widgets_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for it in widgets():
        columns = range(it["x"], it["x"] + it["width"])
        cells = {(x, y) for x in columns for y in range(it["y"], it["y"] + it["height"])}
        assert columns.stop <= 24
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_to_do_and_tells_the_topic(name: str) -> None:
    alarm = ALARMS[name]
    assert 100 < len(text(alarm["AlarmDescription"])) < 1024
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm.get("OKActions", alarm["AlarmActions"]) == alarm["AlarmActions"]
    assert alarm["TreatMissingData"] == WITHOUT_DATA.get(name, "notBreaching")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_fails_is_an_alarm(name: str) -> None:
    assert Watched("AWS/Lambda", "Errors", "FunctionName", f"${{{name}}}") in WATCHED.values()


def test_a_mistake_does_not_end_between_two_tries() -> None:
    """The longest back-off fits into what the alarm looks at."""
    alarm = ALARMS["MisconfiguredAlarm"]
    longest = int(TEMPLATE["Parameters"]["RetryMaxSeconds"]["Default"])
    assert alarm["DatapointsToAlarm"] == 1
    assert alarm["EvaluationPeriods"] * alarm["Period"] > longest
    assert ALARMS["RetryingAlarm"]["Period"] >= longest


@pytest.mark.parametrize("name", ["SweepErrorsAlarm", "LongWaitingAlarm"])
def test_what_a_sweep_tells_lasts_until_the_next(name: str) -> None:
    """Or the alarm would go off and be over again four times an hour, while nothing has changed."""
    alarm = ALARMS[name]
    assert TEMPLATE["Parameters"]["SweepSchedule"]["Default"] == "rate(15 minutes)"
    assert (alarm["Period"], alarm["DatapointsToAlarm"]) == (15 * 60, 1)
    assert alarm["EvaluationPeriods"] >= 2, "two sweeps may lie in one period, and none in the next"


def test_an_hour_without_a_sweep_is_no_alarm_yet_and_two_are() -> None:
    """However a sweep an hour lies to the hours that are looked at."""
    alarm = ALARMS["SweepMissingAlarm"]
    hours = TEMPLATE["Parameters"]["SweepAlarmHours"]
    assert WATCHED["SweepMissingAlarm"].value == "${Sweep}"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["EvaluationPeriods"] == alarm["DatapointsToAlarm"] == {"Ref": "SweepAlarmHours"}
    assert (alarm["Period"], hours["Default"]) == (3600, 2)
    # PutMetricAlarm: with periods of an hour, seven days at the most.
    assert hours["MaxValue"] * alarm["Period"] <= 7 * 86_400


def test_cloudwatch_may_publish_and_nobody_else() -> None:
    policy = RESOURCES["AlarmTopicPolicy"]["Properties"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == [{"Ref": "AlarmTopic"}]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }
    arn = text(statement["Condition"]["ArnLike"]["aws:SourceArn"])
    assert arn.endswith(f":alarm:{STACK}-*")
    assert all(text(each["AlarmName"]).startswith(f"{STACK}-") for each in ALARMS.values())


@pytest.mark.parametrize("address", ["", "ops@example.com"])
def test_a_mail_address_is_subscribed_if_there_is_one(address: str) -> None:
    given = {**LOCAL_PARAMETERS, "QuillUrl": "http://q", "QuillToken": "t", "AlarmEmail": address}
    resources = split(TEMPLATE, given, "local-quillgate-sftp").rest["Resources"]
    assert ("AlarmEmailSubscription" in resources) == bool(address)


def test_the_page_for_operators_has_a_row_for_every_alarm() -> None:
    page = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    names = [text(each["AlarmName"]).removeprefix(f"{STACK}-") for each in ALARMS.values()]
    assert rows == names
