"""The session policies that keep users in their homes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quillgate.deploy import template
from quillgate.errors import UserError
from quillgate.users.homes import Home, Homes, path_policy


def _of_template() -> Any:
    """The policy as CloudFormation makes it."""
    resources = template.load(template.repository())["Resources"]
    text = resources["TestUser"]["Properties"]["Policy"]["Fn::Sub"]
    return json.loads(text.replace("${AWS::Partition}", "aws-cn").replace("${!", "${"))


def test_a_path_home_has_the_policy_of_the_templates_test_user() -> None:
    assert path_policy("aws-cn") == _of_template()
    assert json.loads(Home("b", "f").arguments("aws-cn")["Policy"]) == _of_template()


def test_a_key_that_the_bucket_is_given_later_takes_no_files_away() -> None:
    """The role says which; a policy that named one would have to be written again for each user."""
    [key] = [it for it in path_policy("aws")["Statement"] if "kms:Decrypt" in it["Action"]]
    assert (key["Resource"], set(key["Action"])) == ("*", {"kms:Decrypt", "kms:GenerateDataKey"})
    assert key["Condition"] == {"StringLike": {"kms:ViaService": "s3.*"}}


def test_a_logical_home_has_the_same_policy_with_bucket_and_folder_in_place() -> None:
    policy = json.dumps(path_policy("aws"))
    for variable, value in (
        ("${transfer:HomeBucket}", "uploads-1"),
        ("${transfer:HomeFolder}", "eu/acme é"),
        ("${transfer:HomeDirectory}", "uploads-1/eu/acme é"),
    ):
        policy = policy.replace(variable, value)
    arguments = Home("uploads-1", "eu/acme é", "LOGICAL").arguments("aws")
    assert json.loads(arguments["Policy"]) == json.loads(policy)
    assert arguments["HomeDirectoryMappings"] == [{"Entry": "/", "Target": "/uploads-1/eu/acme é"}]


def test_a_policy_that_transfer_would_not_take_is_refused_before() -> None:
    with pytest.raises(UserError, match="take PATH"):
        Home("uploads-1", "é" * 390 + "/" + "x" * 400 + "é" * 200, "LOGICAL").arguments("aws")


def test_homes_that_only_begin_alike_are_apart() -> None:
    homes = Homes()
    for name in ("acme", "acme-corp", "acme.eu", "acm"):
        homes.claim(f"/uploads-1/{name}", name)
    homes.claim("/uploads-1/acme", "acme")
    homes.claim("/uploads-2/acme", "other")


def test_the_home_of_an_operator_is_in_nobodys_way() -> None:
    homes = Homes()
    homes.put("/uploads-1", "operator")
    homes.put("/", "root")
    homes.claim("/uploads-1/acme", "acme")
