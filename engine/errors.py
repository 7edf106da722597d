"""What a caller can tell apart when the engine says no; each message may be shown to a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


class NotFound(Exception):
    """There is no such thing, or the actor may not know of it."""


class NotAllowed(Exception):
    """The actor is known and may not do this."""


class NotGenuine(NotAllowed):
    """What came from elsewhere is forged, too old, or has been used before; begin anew."""


class Conflict(Exception):
    """The thing has moved on since the caller last looked; look again and decide again."""


class Taken(Conflict):
    """A name that only one thing can have belongs to another one."""


class Gone(Conflict):
    """A place in a process that was named is not in this one, or no longer.

    It is told apart since it may be that of another incident, which the security log shall tell.
    """


class StaleVersion(Conflict):
    """The version that the caller named is no longer the current one."""


class InvalidAnswers(Exception):
    """What was filled in does not fit its form or schema."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        """``errors`` maps a field's key to a sentence about it."""
        super().__init__("Some answers need another look.")
        self.errors = dict(errors)


class TooLarge(InvalidAnswers):
    """A file that has more bytes than are taken."""


class InvalidDocument(Exception):
    """A file that is not the XML or JSON that it should be."""


class UnfitDatabase(Exception):
    """A database or a backup that cannot be used for what is asked; nothing was changed."""


Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong in a file of a bundle, named so that its owner finds it."""

    rule: str
    path: str
    element_id: str
    element_name: str
    message: str
    severity: Severity = "error"  # a warning does not keep the bundle from being deployed
    line: int | None = None  # of the file, where it is known

    @property
    def is_error(self) -> bool:
        return self.severity == "error"


class Refused(Exception):
    """A bundle that may not be deployed; its findings may hold warnings beside the errors."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = sum(finding.is_error for finding in findings)
        super().__init__(f"The checks found {count} problem{'s' if count != 1 else ''}.")
        self.findings = list(findings)


class ProcessFailed(Exception):
    """A process instance cannot go on by itself: names the element and the reason."""

    def __init__(self, element_id: str, message: str) -> None:
        super().__init__(message)
        self.element_id = element_id


class OperationFailed(Exception):
    """What a service task calls could not be done; ``code`` is what an error event can catch."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
