"""What a browser calls itself, in words: a label by which people know their sessions again."""

import re

# The first that is found counts: most browsers also name those whose pages they can show.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "HeadlessChrome": "Chrome",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
_LONGEST = 60


def name(user_agent: str) -> str:
    """``Firefox on Linux``; the start of what it says where it says neither."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    plain = re.sub(r"[^\x20-\x7e]", "", user_agent).strip()
    return browser or plain[:_LONGEST] or "Unknown browser"


def _first(known: dict[str, str], text: str) -> str | None:
    return next((words for mark, words in known.items() if mark in text), None)
