"""The rows, without rules: typed columns, keys and indexes."""

from engine.store.tables.columns import Base, UtcDateTime, table_of
from engine.store.tables.credentials import (
    Authenticator,
    Challenge,
    Credential,
    Door,
    ExternalIdentity,
    SecurityEvent,
    Throttle,
)
from engine.store.tables.incidents import (
    Attachment,
    AttachmentContent,
    Incident,
    IncidentNumber,
    IncidentReader,
    IncidentWord,
)
from engine.store.tables.kinds import IncidentRole, ReferenceKind, RelationKind
from engine.store.tables.library import (
    Deployment,
    DeploymentFile,
    Draft,
    DraftFile,
    ProcessDefinition,
)
from engine.store.tables.people import (
    Absence,
    BreakGlass,
    DirectoryGroup,
    DirectoryMember,
    Grant,
    Organisation,
    PartnerLink,
    Person,
)
from engine.store.tables.processes import Message, ProcessInstance, Signature, Subscription, Task
from engine.store.tables.records import AuditEntry, Effect, IdempotencyKey
from engine.store.tables.relations import ExternalReference, IncidentParticipant, IncidentRelation
from engine.store.tables.service_clocks import ServiceClock
from engine.store.tables.statuses import (
    EffectStatus,
    IncidentStatus,
    InstanceStatus,
    MessageStatus,
    TaskStatus,
)

__all__ = [
    "Absence",
    "Attachment",
    "AttachmentContent",
    "AuditEntry",
    "Authenticator",
    "Base",
    "BreakGlass",
    "Challenge",
    "Credential",
    "Deployment",
    "DeploymentFile",
    "DirectoryGroup",
    "DirectoryMember",
    "Door",
    "Draft",
    "DraftFile",
    "Effect",
    "EffectStatus",
    "ExternalIdentity",
    "ExternalReference",
    "Grant",
    "IdempotencyKey",
    "Incident",
    "IncidentNumber",
    "IncidentParticipant",
    "IncidentReader",
    "IncidentRelation",
    "IncidentRole",
    "IncidentStatus",
    "IncidentWord",
    "InstanceStatus",
    "Message",
    "MessageStatus",
    "Organisation",
    "PartnerLink",
    "Person",
    "ProcessDefinition",
    "ProcessInstance",
    "ReferenceKind",
    "RelationKind",
    "SecurityEvent",
    "ServiceClock",
    "Signature",
    "Subscription",
    "Task",
    "TaskStatus",
    "Throttle",
    "UtcDateTime",
    "table_of",
]
