"""Each form of the template passes cfn-lint with its values in place, and deploys on `embedded`.

Takes two minutes or three: `make combinations`.
"""

from __future__ import annotations

import json

import pytest
from cfnlint.api import ManualArgs, lint

from quillgate.deploy.conditions import evaluated
from quillgate.deploy.template import load, repository
from tests.combinations import choices
from tests.combinations.conftest import Named
from tests.integration.support import Running, quillgate

TEMPLATE = load(repository())
FORMS = [
    pytest.param(choices.parameters(each), id=f"form{number:02}")
    for number, each in enumerate(choices.FORMS)
]


@pytest.mark.parametrize("given", FORMS)
def test_each_form_passes_cfn_lint_without_warnings(given: dict[str, str]) -> None:
    rendered = evaluated(TEMPLATE, given)
    # cfn-lint looks at what a parameter's default leads to.
    for name, definition in rendered["Parameters"].items():
        if given.get(name):
            rendered["Parameters"][name] = {**definition, "Default": given[name]}
    used = json.dumps([rendered["Resources"], rendered["Outputs"]])
    rendered["Parameters"] = {
        name: it
        for name, it in rendered["Parameters"].items()
        if f'"{name}"' in used or f"${{{name}}}" in used
    }
    rendered.pop("Rules")
    rendered.pop("Metadata")
    found = lint(json.dumps(rendered), config=ManualArgs(regions=[choices.REGION]))
    assert [f"{it.rule.id} {it.message}" for it in found] == []


@pytest.mark.parametrize("given", FORMS)
def test_each_form_deploys(given: dict[str, str], running: Running, named: Named) -> None:
    values = named(given)
    words = [word for name, it in values.items() for word in ("--parameter", f"{name}={it}")]
    deployed = quillgate("deploy", "--state", str(running.state), *words)
    assert deployed.returncode == 0, deployed.stderr[-2000:]
    server_id = running.environment.server_id
    transfer = running.environment.client("transfer")
    server = transfer.describe_server(ServerId=server_id)["Server"]
    keys = transfer.list_host_keys(ServerId=server_id)["HostKeys"]
    addresses = server.get("EndpointDetails", {}).get("AddressAllocationIds", [])
    subnets = [given[f"EndpointSubnet{n}"] for n in (1, 2, 3) if given[f"EndpointSubnet{n}"]]
    wanted = {name for name in given if name.startswith("HostKey") and given[name]}
    assert server["EndpointType"] == ("VPC" if given["VpcId"] else "PUBLIC")
    assert server.get("PreAuthenticationLoginBanner", "") == given["LoginBanner"]
    assert len(set(addresses)) == len(subnets)
    assert len(keys) >= max(1, len(wanted))
    assert f"BucketName: {running.environment.bucket}\n" in deployed.stdout
