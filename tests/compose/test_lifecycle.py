"""What outlives what: a second `up`, `down`, `down -v`, an engine that was killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compose.project import Project, project
from tests.integration.support import QUILLGATE, Environment, NewUser, Quill, eventually, put


def upload(environment: Environment, user: NewUser, path: str, content: bytes = b"a,b\n") -> None:
    with environment.sftp(user) as sftp:
        put(sftp, path, content)


def goes_all_the_way(environment: Environment, name: str) -> None:
    upload(environment, environment.the_test_user, f"incoming/{name}")
    item = Quill(environment.quill_url).accepted(f"testuser/incoming/{name}")
    with environment.sftp(environment.the_test_user) as sftp:
        story = sftp.open(item["story_key"].removeprefix("testuser/")).read()
    assert name.encode() in story


def docker(*words: str) -> list[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def left_of(name: str) -> list[str]:
    """Containers, volumes and networks of a project."""
    ours = ("--quiet", "--filter", f"label=com.docker.compose.project={name}")
    return [
        *docker("ps", "--all", *ours),
        *docker("volume", "ls", *ours),
        *docker("network", "ls", *ours),
    ]


BECOME_OWNER = """
import os, pathlib
from quillgate.compose import become_owner
state, checkout = pathlib.Path("/tmp/state"), pathlib.Path("/tmp/checkout")
state.mkdir(0o700)
checkout.mkdir()
os.chown(checkout, 1234, 1235)
become_owner(state, checkout)
(state / "key").touch()
print(os.getresuid(), os.getresgid(), os.getgroups(), (state / "key").stat().st_uid)
"""


@pytest.mark.parametrize("front_end", ["environment", "asyncssh"])
def test_when_it_is_up_a_file_goes_all_the_way(shared: Project, front_end: str) -> None:
    goes_all_the_way(getattr(shared, front_end), f"by {front_end}, 1 + é.csv")


def test_what_people_need_is_theirs_alone(shared: Project, checkout: Path) -> None:
    for name in ("compose.json", "testuser_ed25519"):
        found = (shared.state / name).stat()
        assert found.st_mode & 0o077 == 0
        assert found.st_uid == checkout.stat().st_uid
    assert shared.environment.test_user_key == str(shared.state / "testuser_ed25519")
    assert shared.environment.pid is None


def test_a_state_folder_that_docker_made_is_given_to_the_checkouts_owner(shared: Project) -> None:
    said = shared.docker("run", "--rm", "--no-deps", "deploy", "python", "-c", BECOME_OWNER)
    assert said.splitlines()[-1] == "(1234, 1234, 1234) (1235, 1235, 1235) [] 1234"


def test_the_engines_addresses_work_from_here(shared: Project) -> None:
    found = shared.environment
    sqs = found.client("sqs")
    for url in (found.queue_url, found.dead_letter_queue_url):
        assert url.startswith(found.aws_endpoint)
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        assert arn["QueueArn"].endswith(url.rpartition("/")[2])


def test_quills_token_is_in_no_description_of_a_container(shared: Project) -> None:
    token = shared.docker("exec", "quill", "cat", "/var/lib/quillgate/token/token")
    assert len(token) >= 32
    containers = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={shared.name}")
    assert len(containers) == 6
    assert token not in "".join(docker("inspect", *containers))
    assert token not in shared.docker("logs")


def test_a_second_up_changes_nothing(shared: Project) -> None:
    first = shared.environment
    upload(first, first.the_test_user, "incoming/before.csv")
    told = shared.quill.accepted("testuser/incoming/before.csv")
    second = shared.up()
    assert second.values == first.values
    with second.sftp(second.the_test_user) as sftp:
        assert sftp.open("incoming/before.csv").read() == b"a,b\n"
    assert shared.quill.accepted("testuser/incoming/before.csv") == told


@pytest.mark.parametrize("how", ["down", "kill"])
def test_users_outlive_an_engine_that_keeps_nothing(shared: Project, how: str) -> None:
    first = shared.environment
    customer = first.new_user()
    upload(first, customer, "mine.csv")
    upload(first, first.the_test_user, f"incoming/before {how}.csv")
    told = shared.quill.accepted(f"testuser/incoming/before {how}.csv")
    shared.docker("down") if how == "down" else shared.kill("localstack")
    again = shared.up()
    assert again.host_key_fingerprint == first.host_key_fingerprint
    assert again.server_id == first.server_id
    with again.sftp(customer) as sftp:
        assert sftp.listdir() == [], "objects are gone"
        put(sftp, "mine.csv", b"again")
        assert sftp.open("mine.csv").read() == b"again"
    assert "gone: every object" in shared.said()
    assert shared.quill.accepted(f"testuser/incoming/before {how}.csv") == told
    goes_all_the_way(again, f"after {how}.csv")


def test_a_second_project_runs_beside_the_first(shared: Project, tmp_path: Path) -> None:
    with project("quillgate-test-b", shared.checkout, tmp_path / "state b") as other:
        other.docker("up", "--build", "--wait")
        goes_all_the_way(other.environment, "only here.csv")
        assert shared.quill.notifications(key="testuser/incoming/only here.csv") == []
        assert other.environment.host_key_fingerprint != shared.environment.host_key_fingerprint
        goes_all_the_way(shared.environment, "still here.csv")
        other.docker("down", "--volumes")
        assert left_of(other.name) == []
    assert left_of(shared.name) != []


def test_an_edit_of_the_watchdog_is_deployed_without_a_build(shared: Project) -> None:
    found = shared.environment
    functions, name = found.client("lambda"), f"{found.stack_name}-watchdog"
    before = functions.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    with (shared.checkout / "watchdog/sftp_watchdog/handler.py").open("a") as code:
        code.write('\nprint("edited here")\n')
    shared.docker("run", "--rm", "deploy")
    after = functions.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    assert after != before
    goes_all_the_way(found, "edited.csv")

    def told() -> None:
        group = f"/aws/lambda/{name}"
        events = found.client("logs").filter_log_events(logGroupName=group)["events"]
        assert any("edited here" in event["message"] for event in events)

    eventually(told)


def test_the_command_deploys_from_the_machine_and_its_parameters_stay(shared: Project) -> None:
    found = shared.environment
    where = ("--environment", "compose", "--state", str(shared.state))
    subprocess.run([*QUILLGATE, "deploy", *where, "--parameter", "BatchSize=9"], check=True)

    def batch_size() -> int:
        mappings = found.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        return int(mappings[0]["BatchSize"])

    assert batch_size() == 9
    goes_all_the_way(found, "deployed from outside.csv")
    shared.up()
    assert batch_size() == 9


def test_packages_that_the_image_lacks_are_named_with_the_way_out(shared: Project) -> None:
    requirements = shared.checkout / "watchdog/requirements.txt"
    kept = requirements.read_text()
    try:
        requirements.write_text(kept + "\n# another\n")
        with pytest.raises(AssertionError, match=r"not deployed: .*build its image again"):
            shared.docker("run", "--rm", "deploy")
    finally:
        requirements.write_text(kept)
