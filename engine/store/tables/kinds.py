"""What rows are, as their columns keep it; ``statuses`` has what they go through."""

from enum import StrEnum


class RelationKind(StrEnum):
    """What the first incident of a relation is to the second."""

    CHILD_OF = "child_of"  # a part of what the second is about
    DUPLICATE_OF = "duplicate_of"  # the same, and the work goes on with the second
    RELATED_TO = "related_to"  # worth knowing; the same from both sides


class IncidentRole(StrEnum):
    """What somebody is to an incident."""

    COMMANDER = "commander"  # decides
    DEPUTY = "deputy"  # decides in the commander's place
    SCRIBE = "scribe"  # keeps the record
    LIAISON = "liaison"  # speaks with those outside
    WATCHER = "watcher"  # follows it; as many as want to


class ReferenceKind(StrEnum):
    """What another system keeps."""

    PROBLEM = "problem"  # the cause, or what may be
    CHANGE = "change"  # one that caused it, or that ends it
    ASSET = "asset"  # a configuration item that it is about
