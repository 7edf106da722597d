"""The states that rows go through, as their columns keep them."""

from enum import StrEnum


class IncidentStatus(StrEnum):
    NEW = "new"  # reported, not classified yet
    IN_PROGRESS = "in_progress"  # somebody works on it
    ON_HOLD = "on_hold"  # waits on someone outside; has a hold_reason
    RESOLVED = "resolved"  # service restored, confirmation or review outstanding
    CLOSED = "closed"  # done, reviewed as far as its process demands
    CANCELLED = "cancelled"  # was no incident

    @property
    def is_open(self) -> bool:
        return self not in (IncidentStatus.CLOSED, IncidentStatus.CANCELLED)


class InstanceStatus(StrEnum):
    RUNNING = "running"  # waits for a task, a timer or a message
    COMPLETED = "completed"  # reached its end
    FAILED = "failed"  # an element could not finish; others go on, somebody must look
    SUSPENDED = "suspended"  # takes no steps until it is resumed
    CANCELLED = "cancelled"  # ended by a person before its end


class MessageStatus(StrEnum):
    WAITING = "waiting"  # no instance has been able to take it yet
    DELIVERED = "delivered"  # taken; a signal also when its receiver went on without it
    DISCARDED = "discarded"  # given up by a person


class EffectStatus(StrEnum):
    PENDING = "pending"  # to be sent, now or at the next attempt
    DONE = "done"  # the receiver has answered that it has it
    FAILED = "failed"  # given up after so many attempts; a person may try again


class TaskStatus(StrEnum):
    OPEN = "open"  # anyone in the candidate group may claim it
    CLAIMED = "claimed"  # has an assignee
    COMPLETED = "completed"  # answered
    CANCELLED = "cancelled"  # its process went on without it

    @property
    def is_waiting(self) -> bool:
        return self in (TaskStatus.OPEN, TaskStatus.CLAIMED)
