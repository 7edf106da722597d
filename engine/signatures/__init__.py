"""Electronic signatures: who decided a task, on what, and what they meant by it.

What is signed is a statement: what the person was shown and what they answered, as canonical JSON.
They prove who they are at that moment. A passkey signs the SHA-256 of the statement itself (as the
challenge of WebAuthn); ``check`` verifies that later, from the record alone.
"""

from engine.signatures.checking import check
from engine.signatures.signing import (
    ByPasskey,
    ByProof,
    Decision,
    Question,
    Signing,
    Unsigned,
    ask,
    of_task,
    sign,
)

__all__ = [
    "ByPasskey",
    "ByProof",
    "Decision",
    "Question",
    "Signing",
    "Unsigned",
    "ask",
    "check",
    "of_task",
    "sign",
]
