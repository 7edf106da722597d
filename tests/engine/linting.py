"""What tests of the linter ask of it."""

from engine import library


def errors_in(files):
    """Rule and element of every error, in no order."""
    return {(f.rule, f.element_id) for f in library.check(files) if f.is_error}


def warnings_in(files):
    return {(f.rule, f.element_id) for f in library.check(files) if not f.is_error}


def named(cases):
    """Ids for a table of cases, each with the rule and the element that it is about."""
    return [f"{rule}-{element_id[:9]}" for rule, element_id, *_ in cases]
