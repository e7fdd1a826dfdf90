"""What goes wrong, said in one line: *what failed: 'value' - what to do*.

QuillgateError
├── DeployError        the template, the package or CloudFormation said no
├── StartError         a part of the embedded environment did not come up
├── DemoError          the story of the demo did not come back
├── ConfigError        routes that would not work
│   └── RoutesChangedError    somebody else was faster
├── PolicyError        a policy that IAM would not take
├── UserError          an SFTP user cannot be made or changed like that
├── CostError          numbers of which no bill can be made
├── NoUploadError      no upload of that key, or of that version
├── OrderError         what a person orders of an upload cannot be done with it
└── TargetError        no environment, or not the one that was asked for
    └── NotRunningError       it is not there yet, or no longer
"""

from __future__ import annotations


class QuillgateError(Exception):
    """Base of all errors the command shows as one line; the process ends with 1.

    `fact` is that line without the advice, for where another way leads on.
    """

    def __init__(self, failed: str, value: str, advice: str) -> None:
        self.fact = f"{failed}: '{value}'"
        super().__init__(f"{self.fact} - {advice}")


class DeployError(QuillgateError):
    """The template, the package or CloudFormation said no. The stack is as it was, or says how."""


class StartError(QuillgateError):
    """A part of the embedded environment did not come up, or did not stay up."""


class TargetError(QuillgateError):
    """No environment is running here, or not the one that was asked for."""


class NotRunningError(TargetError):
    """The environment has not started yet, or has stopped; what it holds is kept."""


class ConfigError(QuillgateError):
    """Routes that would not work; what is in force stays in force."""


class RoutesChangedError(ConfigError):
    """Other routes are in force by now than those that were to be replaced."""


class PolicyError(QuillgateError):
    """A policy that IAM would not take: nothing can be decided by it."""


class DemoError(QuillgateError):
    """The story of the demo did not come back."""


class CostError(QuillgateError):
    """Numbers of which no bill can be made, or prices that are not there."""


class NoUploadError(QuillgateError):
    """No upload of that key, or of that version."""


class OrderError(QuillgateError):
    """What a person orders of an upload cannot be done with it as it is; it is left so."""


class UserError(QuillgateError):
    """An SFTP user cannot be made or changed like that; nothing was, or the rest of it is named."""
