"""What a page is asked for in its address."""

from engine import plain_text


def plain(text: str) -> str:
    """For ``request.args.get``: text that nothing here can be named by counts as not given."""
    if not plain_text.is_plain(text):
        raise ValueError
    return text
