"""What a customer cannot do with OpenSSH in its container, and what the container itself cannot."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncssh
import paramiko
import pytest

from tests.compose.project import Project
from tests.integration.support import Environment, NewUser, Sftp, eventually, put


@pytest.fixture
def environment(shared: Project) -> Environment:
    return shared.environment


@pytest.fixture
def customer(environment: Environment) -> NewUser:
    made = environment.new_user()
    environment.await_user(made)
    return made


@pytest.fixture
def ssh(environment: Environment, customer: NewUser) -> Iterator[paramiko.Transport]:
    with environment.ssh(customer) as transport:
        yield transport


@pytest.fixture
def sftp(environment: Environment, customer: NewUser) -> Iterator[Sftp]:
    with environment.sftp(customer) as opened:
        yield opened


def python(shared: Project, code: str) -> str:
    """What Python says in the container, as root."""
    return shared.docker("exec", "-T", "sftp", "python", "-I", "-S", "-c", code)


def in_shell(shared: Project, command: str) -> str:
    return shared.docker("exec", "-T", "sftp", "sh", "-c", command)


def inspected(shared: Project, service: str) -> dict[str, Any]:
    container = shared.docker("ps", "--all", "--quiet", service).strip()
    done = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)[0]
    return found


@pytest.mark.parametrize(
    "lead",
    [
        lambda ssh: ssh.open_connection("127.0.0.1", 2222),
        lambda ssh: ssh.open_connection("transfer", 4567),
        lambda ssh: ssh.open_unix_connection("/run/quillgate/socket"),
        lambda ssh: ssh.open_tun(),
        lambda ssh: ssh.open_tap(),
        lambda ssh: ssh.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1),
        lambda ssh: ssh.forward_remote_path("/run/quillgate/new", "/tmp/x"),
    ],
    ids=["itself", "Transfer", "socket", "tun", "tap", "port back", "socket back"],
)
def test_nothing_is_forwarded(
    lead: Callable[[Any], Awaitable[object]], environment: Environment, customer: NewUser
) -> None:
    async def run() -> None:
        async with asyncssh.connect(
            environment.sftp_host,
            environment.sftp_port,
            username=customer.name,
            client_keys=[asyncssh.import_private_key(pem(customer))],
            known_hosts=None,
            config=None,
        ) as ssh:
            with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ChannelListenError)):
                await lead(ssh)

    asyncio.run(run())


def pem(user: NewUser) -> str:
    text = io.StringIO()
    user.key.write_private_key(text)
    return text.getvalue()


@pytest.mark.parametrize(
    "ask",
    [
        lambda channel: channel.get_pty(),
        lambda channel: channel.request_x11(),
    ],
    ids=["terminal", "X11"],
)
def test_a_session_gets_no_more_than_sftp(
    ask: Callable[[paramiko.Channel], object], ssh: paramiko.Transport
) -> None:
    with pytest.raises(paramiko.SSHException):
        ask(ssh.open_session())


@pytest.mark.parametrize(
    "start",
    [
        lambda channel: channel.invoke_shell(),
        lambda channel: channel.exec_command("cat /etc/passwd; env; id"),
        lambda channel: channel.exec_command("scp -f /etc/passwd"),
        lambda channel: channel.exec_command("/usr/lib/openssh/sftp-server"),
    ],
    ids=["shell", "command", "scp", "sftp-server"],
)
def test_there_is_no_shell_and_no_command(
    start: Callable[[paramiko.Channel], object], ssh: paramiko.Transport
) -> None:
    channel = ssh.open_session()
    channel.settimeout(30)
    start(channel)
    said = b"".join(iter(lambda: channel.recv(65536), b""))
    assert said.strip() == b"This service allows sftp connections only."
    assert channel.recv_exit_status() == 1


@pytest.mark.parametrize(
    "path",
    [
        "/proc/self/environ",
        "/proc/1/environ",
        "/etc/passwd",
        "/../../etc/passwd",
        "/run/quillgate/host_key",
        "/host-keys",
        "/dev/fuse",
    ],
)
def test_the_container_s_own_files_are_not_there(path: str, sftp: Sftp) -> None:
    for look in (sftp.stat, sftp.listdir, sftp.open):
        with pytest.raises((FileNotFoundError, PermissionError)):
            look(path)


def test_another_home_is_not_there(environment: Environment, sftp: Sftp) -> None:
    other = environment.new_user()
    with environment.sftp(other) as theirs:
        put(theirs, "secret", b"of the other")
    for path in (f"/srv/homes/{other.name}/secret", f"/../{other.name}/secret", "/secret"):
        with pytest.raises((FileNotFoundError, PermissionError)):
            sftp.stat(path)
    assert sftp.listdir(".") == []


def test_no_link_leads_out(sftp: Sftp) -> None:
    with pytest.raises(OSError, match=r"denied|Failure|unsupported"):
        sftp.symlink("/etc/passwd", "link")
    assert sftp.listdir(".") == []


ENVIRONMENTS = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        name = open(f"/proc/{pid}/comm").read().strip()
        print(name, "AWS_" in open(f"/proc/{pid}/environ").read())
    except OSError:
        pass
"""


def test_sshd_does_not_know_the_mount_s_credentials(shared: Project, sftp: Sftp) -> None:
    assert sftp.listdir(".") == []
    found = {*python(shared, ENVIRONMENTS).splitlines()}
    assert {each for each in found if each.startswith("sshd")} == {
        "sshd False",
        "sshd-session False",
    }
    assert "python True" in found, "the mount itself has them: the look can fail"


def test_what_could_raise_rights_is_not_in_the_image(shared: Project) -> None:
    assert in_shell(shared, "find / -xdev -type f -perm /6000 2>/dev/null; true") == ""
    assert in_shell(shared, "find /etc/ssh -name 'ssh_host_*'") == ""
    assert in_shell(shared, "find /usr/bin -name ssh") == "/usr/bin/ssh\n", "the look can fail"


def test_the_container_may_do_what_fuse_and_sshd_need_and_no_more(shared: Project) -> None:
    host = inspected(shared, "sftp")["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    rights = {name.removeprefix("CAP_") for name in host["CapAdd"]}
    assert rights == {"KILL", "SETGID", "SETUID", "SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE"}
    assert host["ReadonlyRootfs"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert "docker.sock" not in json.dumps(host)


def test_a_deleted_user_stays_in_but_does_not_come_in_again(
    environment: Environment, customer: NewUser, sftp: Sftp
) -> None:
    environment.client("transfer").delete_user(
        ServerId=environment.server_id, UserName=customer.name
    )
    with pytest.raises(paramiko.AuthenticationException), environment.ssh(customer):
        pass
    put(sftp, "last", b"words")
    assert sftp.open("last").read() == b"words"


def test_a_role_that_cannot_be_assumed_ends_the_connection(
    environment: Environment, customer: NewUser
) -> None:
    role = environment.user_role_arn.rpartition("/")[0] + "/no-such-role"
    environment.client("transfer").update_user(
        ServerId=environment.server_id, UserName=customer.name, Role=role
    )
    with environment.ssh(customer) as transport:
        with pytest.raises((paramiko.SSHException, EOFError, OSError)):
            paramiko.SFTPClient.from_transport(transport).stat("/x")  # type: ignore[union-attr]
        eventually(lambda: ended(transport))


def ended(transport: paramiko.Transport) -> None:
    assert not transport.is_active()


def greets(environment: Environment) -> bool:
    try:
        with socket.create_connection((environment.sftp_host, environment.sftp_port), 5) as made:
            return made.recv(4) == b"SSH-"
    except OSError:
        return False


def test_changes_of_the_server_need_no_new_container(
    environment: Environment, customer: NewUser
) -> None:
    transfer, server_id = environment.client("transfer"), environment.server_id
    described = transfer.describe_server(ServerId=server_id)["Server"]
    old = {
        "SecurityPolicyName": described["SecurityPolicyName"],
        "PreAuthenticationLoginBanner": described.get("PreAuthenticationLoginBanner", ""),
    }

    def is_served(text: str, cipher: str) -> None:
        with environment.ssh(customer) as transport:
            assert (transport.get_banner() or b"").decode().strip() == text
            offered = transport.get_security_options().ciphers
            assert cipher in offered

    policy = "TransferSecurityPolicy-2022-03"
    try:
        transfer.update_server(
            ServerId=server_id, SecurityPolicyName=policy, PreAuthenticationLoginBanner="for you %u"
        )
        eventually(lambda: is_served("for you %u", "aes256-ctr"))
    finally:
        transfer.update_server(ServerId=server_id, **old)
    eventually(lambda: is_served(old["PreAuthenticationLoginBanner"], "aes128-ctr"))


def test_a_stopped_server_serves_nobody_until_it_starts(
    environment: Environment, customer: NewUser, ssh: paramiko.Transport
) -> None:
    transfer, server_id = environment.client("transfer"), environment.server_id

    def comes_in() -> None:
        with environment.ssh(customer):
            pass

    def is_away() -> None:
        assert not greets(environment)

    try:
        transfer.stop_server(ServerId=server_id)
        with pytest.raises((paramiko.SSHException, OSError, EOFError)):
            comes_in()
        eventually(lambda: ended(ssh))
        eventually(is_away)
    finally:
        transfer.start_server(ServerId=server_id)
    eventually_in(comes_in)


def eventually_in(come: Callable[[], None]) -> None:
    def look() -> None:
        try:
            come()
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise AssertionError(f"not in: {error}") from error

    eventually(look)


def begun(sftp: Sftp) -> paramiko.SFTPFile:
    """An upload whose client has sent all it has so far."""
    file = sftp.open("left open", "wb")
    file.write(b"so far")
    file.flush()
    return file


def stored(environment: Environment, user: NewUser) -> bytes:
    s3 = environment.client("s3")
    body = s3.get_object(Bucket=environment.bucket, Key=f"{user.home}/left open")["Body"]
    return bytes(body.read())


def test_stopped_it_stores_what_it_has_and_ends_well(
    shared: Project, environment: Environment, customer: NewUser, sftp: Sftp
) -> None:
    _held = begun(sftp)  # paramiko closes what nobody holds
    try:
        shared.docker("stop", "--timeout", "10", "sftp")
        state = inspected(shared, "sftp")["State"]
        assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
        assert stored(environment, customer) == b"so far"
    finally:
        shared.up()
    with environment.sftp(customer) as again:
        assert again.open("left open").read() == b"so far"


KILL_SSHD = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    if "[listener]" in open(f"/proc/{pid}/cmdline").read():
        os.kill(int(pid), 9)
"""


@pytest.mark.parametrize(
    "command",
    [("python", "-c", KILL_SSHD), ("umount", "--lazy", "/srv/homes")],
    ids=["sshd", "mount"],
)
def test_what_dies_inside_comes_back(
    command: tuple[str, ...], shared: Project, environment: Environment, customer: NewUser
) -> None:
    restarts = inspected(shared, "sftp")["RestartCount"]
    shared.docker("exec", "--detach", "sftp", *command)

    def is_back() -> None:
        assert inspected(shared, "sftp")["RestartCount"] > restarts
        with environment.sftp(customer) as sftp:
            assert sftp.listdir(".") == []

    eventually_in(is_back)
