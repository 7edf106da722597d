"""Identifiers that sort by the time they were made (UUIDv7, RFC 9562 §5.7)."""

import secrets
import time
import uuid


def new_id() -> str:
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))
