"""The console as it is deployed: stack/console.yaml on the engine, its package, its own role.

Requests are what an HTTP API sends to the function (payload format 2.0). The engine routes no
browser there by itself: hosts of an API are AWS's.
"""

from __future__ import annotations

import base64
import io
import json
import os
import platform
import re
import site
import subprocess
import sys
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samtranslator.yaml_helper import yaml_parse

from tests import identity_provider
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Key, Provider
from tests.integration.support import Environment, eventually, upload

pytestmark = pytest.mark.embedded

REPO = Path(__file__).parents[2]
NAME = "local-quillgate-sftp-console"
BUCKET = "console-artifacts"
# What Lambda's Python has beside its standard library, less what the package brings itself.
LAMBDA_HAS = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "jmespath")
NEEDED = {
    "OidcIssuer": "https://login.example.com",
    "OidcClientId": CLIENT_ID.replace(" ", "-"),
    "OidcClientSecret": "secret",
    "ViewerGroup": "viewers",
    "SupportGroup": "support",
    "OperatorGroup": "operators",
}
WATCHDOG = "local-quillgate-sftp-watchdog"
# What the function's role has no need of; tests/data/roles/console.txt has all of it.
DENIED: list[tuple[str, dict[str, str]]] = [
    ("s3.put_object", {"Bucket": "{bucket}", "Key": "acme/incoming/feigned.csv.tmp"}),
    ("s3.put_object", {"Bucket": "{bucket}", "Key": "acme/outgoing/feigned.csv.story.txt"}),
    ("s3.delete_object", {"Bucket": "{bucket}", "Key": "acme/incoming/feigned.csv.tmp"}),
    ("s3.delete_object", {"Bucket": "{ledger}", "Key": "entries/of-a-test/1.json"}),
    ("s3.delete_object", {"Bucket": "{ledger}", "Key": "audit/all/of-a-test"}),
    ("sqs.delete_message", {"QueueUrl": "{queue}", "ReceiptHandle": "none"}),
    ("secretsmanager.get_secret_value", {"SecretId": "local/quillgate/sftp/watchdog"}),
    ("lambda.get_function", {"FunctionName": WATCHDOG}),
    ("logs.filter_log_events", {"logGroupName": f"/aws/lambda/{WATCHDOG}"}),
    ("cloudformation.describe_stacks", {"StackName": NAME}),
    ("iam.list_roles", {}),
]
# Handles each line of its input, an event, as Lambda would have it handled.
RUNTIME = """
import json, sys
sys.path[:0] = sys.argv[1:]
from quillgate.console.lambda_handler import lambda_handler
for line in sys.stdin:
    print(json.dumps(lambda_handler(json.loads(line), None)), flush=True)
"""

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is deployed, but for this machine and its Python: that is what the engine has."""
    folder = tmp_path_factory.mktemp("package")
    variables = {
        "ARTIFACTS_DIR": str(folder),
        "PYTHON": sys.executable,
        "LAMBDA_PYTHON": "{}.{}".format(*sys.version_info),
        "LAMBDA_MACHINE": platform.machine(),
    }
    makefile = str(REPO / "stack" / "console" / "Makefile")
    command = ["make", "--silent", "--makefile", makefile, "build-Console"]
    # Fetched by `make` when it set up; without it they are fetched now.
    if (wheels := REPO / "build" / "console-wheels").exists():
        variables["WHEELS"] = str(wheels)
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    subprocess.run(command, check=True, env=environ | variables, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with identity_provider.running("", Key("first")) as found:
        yield found


@pytest.fixture(scope="module")
def stack(environment: Environment, package: Path) -> Iterator[dict[str, str]]:
    """The template, deployed; its outputs."""
    body = json.dumps(_with_code(environment, package))
    given = NEEDED | {
        "Environment": "local",
        "ServerId": environment.server_id,
        "UserRoleArn": environment.user_role_arn,
    }
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    cloudformation = environment.client("cloudformation")
    cloudformation.create_stack(
        StackName=NAME, TemplateBody=body, Parameters=values,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )  # fmt: skip

    def outputs() -> dict[str, str]:
        [found] = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE", found
        return {it["OutputKey"]: it["OutputValue"] for it in found["Outputs"]}

    yield eventually(outputs)
    cloudformation.delete_stack(StackName=NAME)


def _with_code(environment: Environment, package: Path) -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse((REPO / "stack" / "console.yaml").read_text())
    key = f"console-{uuid.uuid4().hex}.zip"
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for file in sorted(package.rglob("*")):
            archive.write(file, file.relative_to(package))
    environment.client("s3").create_bucket(Bucket=BUCKET)
    environment.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.getvalue())
    template["Resources"]["Console"]["Properties"]["CodeUri"] = f"s3://{BUCKET}/{key}"
    return template


@pytest.fixture(scope="module")
def console(environment: Environment, stack: dict[str, str], provider: Provider) -> Console:
    """The deployed function, with the test's provider, and the endpoint that only engines have."""
    functions, name = environment.client("lambda"), stack["ConsoleFunctionName"]
    function = functions.get_function_configuration(FunctionName=name)
    found = function["Environment"]["Variables"]
    changed = _settings(environment, provider)
    _let_it_make_folders(environment, function["Role"].rpartition("/")[2])
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": found | changed}
    )
    # As an operator changes it, without a deploy.
    environment.client("secretsmanager").put_secret_value(
        SecretId=found["OIDC_CLIENT_SECRET_ID"], SecretString=CLIENT_SECRET
    )
    provider.redirect_uri = stack["RedirectUri"]

    def invoke(event: dict[str, Any]) -> Answer:
        done = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        said = done["Payload"].read().decode()
        assert "FunctionError" not in done, said
        return dict(json.loads(said))

    return Console(invoke, stack["ConsoleUrl"], found | changed)


def _let_it_make_folders(environment: Environment, role: str) -> None:
    """ministack drops the slash at a key's end before it looks at policies; AWS does not."""
    folders = [f"arn:aws:s3:::{environment.bucket}/{it}" for it in ("acme*.com", "acme*.com/*ing")]
    allow = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": folders}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    environment.client("iam").put_role_policy(
        RoleName=role, PolicyName="folders-here", PolicyDocument=document
    )


def _settings(environment: Environment, provider: Provider) -> dict[str, str]:
    return {
        "OIDC_ISSUER": provider.url,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "AWS_ENDPOINT_URL_TRANSFER": environment.transfer_endpoint,
    }


@dataclass(frozen=True)
class Console:
    """Something that answers events of an HTTP API, and where it believes to be."""

    answer: Callable[[dict[str, Any]], Answer]
    url: str
    settings: dict[str, str]

    def browser(self) -> Browser:
        return Browser(self)


@dataclass
class Browser:
    """Keeps cookies, follows redirects, and sends forms with the token of the page."""

    console: Console
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, target: str) -> str:
        return self._shown(self.send("GET", target))

    def post(self, target: str, **fields: str) -> str:
        form = urllib.parse.urlencode({**fields, "csrf": self.token})
        return self._shown(self.send("POST", target, form))

    def sign_in(self, provider: Provider) -> str:
        """In the largest role."""
        provider.person["groups"] = ["operators"]
        left = self.send("GET", "/sign-in?next=/customers")["headers"]["location"]
        back = _location_of(left).removeprefix(self.console.url)
        return self.get(back)

    def send(self, method: str, target: str, form: str | None = None) -> Answer:
        """One request, as API Gateway tells of it: the path decoded, the query as it was sent."""
        parts = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(parts.path)
        headers = {
            "host": urllib.parse.urlsplit(self.console.url).netloc,
            "origin": self.console.url,
            "x-forwarded-proto": "https",
        }
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": parts.query,
            "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
            "headers": headers,
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
                "stage": "$default",
            },
            "isBase64Encoded": form is not None,
        }
        if form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            event["body"] = base64.b64encode(form.encode()).decode()
        answer = self.console.answer(event)
        self._keep(answer.get("cookies", []))
        return answer

    def _keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            assert name.startswith("__Host-")
            self.cookies[name] = value

    def _shown(self, answer: Answer) -> str:
        while answer["statusCode"] == 303:
            answer = self.send("GET", answer["headers"]["location"])
        words = re.sub(r"<[^>]+>|\s+", " ", answer["body"])
        assert answer["statusCode"] == 200, words
        if found := re.search('X-CSRF-Token": "([^"]+)', answer["body"]):
            self.token = found[1]
        return str(answer["body"])


class _Stay(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


def _location_of(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
    with opener.open(url, timeout=10) as answer:
        return str(answer.headers["Location"])


@pytest.fixture
def operator(console: Console, provider: Provider) -> Browser:
    """Somebody who has signed in."""
    browser = console.browser()
    assert "kim@example.com, <strong>operator</strong>" in browser.sign_in(provider)
    return browser


def public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_whoever_has_not_signed_in_sees_nothing(console: Console) -> None:
    for page in ("/customers", "/routes", "/changes", "/uploads"):
        answer = console.browser().send("GET", page)
        assert answer["statusCode"] == 401
        assert answer["headers"]["refresh"].startswith("0; url=/sign-in?")
        assert "Customers" not in answer["body"]


def test_without_a_group_nobody_comes_in_and_the_log_says_who_tried(
    console: Console, provider: Provider, environment: Environment
) -> None:
    provider.person["groups"] = ["payroll"]
    browser = console.browser()
    back = _location_of(browser.send("GET", "/sign-in")["headers"]["location"])
    refused = browser.send("GET", back.removeprefix(console.url))
    assert refused["statusCode"] == 403
    assert "in none of the groups" in refused["body"]
    assert browser.send("GET", "/customers")["statusCode"] == 401

    def log() -> str:
        pages = environment.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{NAME}").build_full_result()
        text = "\n".join(event["message"] for event in found["events"])
        assert "no access: who='kim@example.com' sub='u-1'" in text
        return text

    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    text = eventually(log)
    secrets = [CLIENT_SECRET, "eyJ", code, *browser.cookies.values()]
    assert not [secret for secret in secrets if secret in text]


def test_files_that_all_pages_need_are_served(console: Console) -> None:
    """Scripts and styles as they are: some hold more than ASCII."""
    for name, kind in (("console.css", "text/css"), ("htmx.min.js", "text/javascript")):
        answer = console.browser().send("GET", f"/static/{name}")
        assert answer["statusCode"] == 200
        assert answer["headers"]["content-type"].startswith(kind)
        body = answer["body"]
        sent = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
        assert sent == (REPO / "quillgate" / "console" / "static" / name).read_bytes()


def test_every_page_is_shown_by_the_role_that_the_function_has(
    operator: Browser, environment: Environment
) -> None:
    user = environment.routed_user()
    upload(environment, user)
    for page in ("customers", "uploads", "dead-letters", "routes", "health", "changes"):
        assert "</html>" in operator.get(f"/{page}")
    pages = ("routes/edit", "routes/versions", "customers/new", "dead-letters/all", "uploads/rows")
    for page in (*pages, f"customers/{user.name}"):
        operator.get(f"/{page}")


def test_a_customer_is_managed_by_the_role_that_the_function_has(
    operator: Browser, environment: Environment
) -> None:
    """Each step is made by calls to Transfer, the bucket and the ledger that the engine allows."""
    name = f"acme{uuid.uuid4().hex[:8]}@example.com"
    operator.get("/customers/new")
    assert name in operator.post("/customers", name=name, folder=name, keys=public_key())
    where = f"/customers/{urllib.parse.quote(name, safe='')}"
    operator.post(f"{where}/disable")
    assert "disabled" in operator.get(where)
    operator.post(f"{where}/enable")
    operator.post(f"{where}/remove", typed=name)
    trail = operator.get(f"/changes?about={urllib.parse.quote(name)}")
    assert trail.count("kim@example.com as operator, console") == 4
    listed = environment.client("s3").list_objects_v2(Bucket=environment.bucket, Prefix=f"{name}/")
    assert {it["Key"] for it in listed["Contents"]} >= {f"{name}/incoming/", f"{name}/outgoing/"}


@pytest.fixture(scope="module")
def role(environment: Environment, stack: dict[str, str]) -> Callable[[str], Any]:
    """Clients with the credentials of the function."""
    found = environment.client("lambda").get_function_configuration(
        FunctionName=stack["ConsoleFunctionName"]
    )
    return environment.session_as(found["Role"])


@pytest.mark.parametrize(("call", "parameters"), DENIED, ids=lambda it: str(it).strip("{}"))
def test_what_the_role_does_not_need_is_refused(
    role: Callable[[str], Any], environment: Environment, call: str, parameters: dict[str, str]
) -> None:
    """To it, that is: the same call is answered to somebody else."""
    places = {
        "bucket": environment.bucket,
        "ledger": environment.ledger_bucket,
        "queue": environment.queue_url,
    }
    filled = {name: value.format(**places) for name, value in parameters.items()}
    assert "AccessDenied" in str(_asked(role, call, filled))
    assert _asked(environment.client, call, filled) in {None, "ReceiptHandleIsInvalid"}


def _asked(client: Callable[[str], Any], call: str, parameters: dict[str, str]) -> str | None:
    """The code of the error, if there is one."""
    service, operation = call.split(".")
    try:
        getattr(client(service), operation)(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def test_the_package_runs_where_there_is_nothing_else(
    console: Console,
    provider: Provider,
    environment: Environment,
    package: Path,
    tmp_path: Path,
) -> None:
    """Nothing but the package and what Lambda has is there to be imported, and no file to write."""
    for name in LAMBDA_HAS:
        (tmp_path / name).symlink_to(Path(site.getsitepackages()[0]) / name)
    endpoint = {
        "AWS_ENDPOINT_URL": environment.aws_endpoint,
        "AWS_ACCESS_KEY_ID": environment.access_key_id,
        "AWS_SECRET_ACCESS_KEY": environment.secret_access_key,
        "AWS_DEFAULT_REGION": environment.region,
    }
    process = subprocess.Popen(
        [sys.executable, "-B", "-I", "-S", "-c", RUNTIME, str(package), str(tmp_path)],
        env=console.settings | endpoint, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:

        def answer(event: dict[str, Any]) -> Answer:
            assert process.stdin
            assert process.stdout
            print(json.dumps(event), file=process.stdin, flush=True)
            return dict(json.loads(process.stdout.readline()))

        browser = Browser(Console(answer, console.url, console.settings))
        browser.sign_in(provider)
        for page in ("customers", "uploads", "dead-letters", "routes", "health", "changes"):
            assert "</html>" in browser.get(f"/{page}")
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=30) == 0
