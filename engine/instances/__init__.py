"""Running process instances: start them, take a step, write down what came of it."""

from engine.instances.control import (
    Move,
    cancel,
    move,
    move_timer,
    preview_move,
    resume,
    retry,
    suspend,
    take_up,
)
from engine.instances.delivery import reconsider
from engine.instances.intervention import REASON_LENGTH, Reason, checked, lock
from engine.instances.migration import Order, Outcome, Plan, migrate
from engine.instances.migration import find as find_to_migrate
from engine.instances.migration import plan as plan_migration
from engine.instances.overview import Overview, Standing, awaited, look
from engine.instances.state import COLUMNS, Loaded
from engine.instances.steps import (
    complete_task,
    fail,
    find_due,
    fire_timers,
    start,
    take_due,
    waiting_events,
)

__all__ = [
    "COLUMNS",
    "REASON_LENGTH",
    "Loaded",
    "Move",
    "Order",
    "Outcome",
    "Overview",
    "Plan",
    "Reason",
    "Standing",
    "awaited",
    "cancel",
    "checked",
    "complete_task",
    "fail",
    "find_due",
    "find_to_migrate",
    "fire_timers",
    "lock",
    "look",
    "migrate",
    "move",
    "move_timer",
    "plan_migration",
    "preview_move",
    "reconsider",
    "resume",
    "retry",
    "start",
    "suspend",
    "take_due",
    "take_up",
    "waiting_events",
]
