"""Whether Transfer may act as a user's role: what the role's trust policy says.

Transfer user guide, requirements-roles and confused-deputy: the service is the principal, it gives
the user's account and ARN as `aws:SourceAccount` and `aws:SourceArn`.
"""

from __future__ import annotations

from emulator.files.errors import PermissionDenied
from emulator.files.policies.evaluation import Policies, Request, evaluate
from emulator.files.policies.principal import Service
from emulator.files.policies.role import Role

TRANSFER = Service("transfer.amazonaws.com")


def check_trust(role: Role, user_arn: str, session_name: str) -> None:
    """Raise PermissionDenied when the role does not let Transfer assume it for the user."""
    context = {
        "aws:sourceaccount": (user_arn.split(":")[4],),
        "aws:sourcearn": (user_arn,),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (TRANSFER.name,),
        "sts:rolesessionname": (session_name,),
    }
    request = Request("sts:AssumeRole", "*", TRANSFER, context)
    if not evaluate(request, Policies(identity=(role.trust,))).allowed:
        raise PermissionDenied(
            f"role does not trust {TRANSFER.name}: '{role.arn}' - "
            "allow it sts:AssumeRole in the role's trust policy"
        )
