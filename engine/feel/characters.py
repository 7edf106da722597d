"""Classes of characters in patterns, as XML Schema has them: ``\\d``, ``\\p{Lu}``, ``[a-z]``."""

import unicodedata
from collections.abc import Callable, Sequence

Test = Callable[[str], bool]

# The blocks of Unicode that texts in practice ask for; Python knows categories, but no blocks.
_BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Thai": (0x0E00, 0x0E7F),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7AF),
}
_CATEGORIES = frozenset(
    (
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp"),
        *("S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn"),
    )
)


def _is_space(char: str) -> bool:
    return char in " \t\n\r"


def _is_digit(char: str) -> bool:
    return unicodedata.category(char) == "Nd"


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] not in "PZC"


def _is_initial(char: str) -> bool:
    return char in "_:" or unicodedata.category(char)[0] == "L"


def _is_name(char: str) -> bool:
    return char in "-._:·" or unicodedata.category(char)[0] in "LMN"


_SHORTHANDS: dict[str, Test] = {
    "s": _is_space,
    "d": _is_digit,
    "w": _is_word,
    "i": _is_initial,
    "c": _is_name,
}


def shorthand(letter: str) -> Test | None:
    """``\\d`` and its like; a capital letter stands for all others."""
    test = _SHORTHANDS.get(letter.lower())
    return inverse(test) if test and letter.isupper() else test


def category(name: str) -> Test | None:
    """What ``\\p{name}`` matches; ``None`` when there is no such category or block."""
    if name.startswith("Is"):
        span = _BLOCKS.get(name[2:])
        return between(chr(span[0]), chr(span[1])) if span else None
    if name not in _CATEGORIES:
        return None
    return lambda char: unicodedata.category(char).startswith(name)


def inverse(test: Test) -> Test:
    return lambda char: not test(char)


def between(first: str, last: str) -> Test:
    return lambda char: first <= char <= last


def one_of(tests: Sequence[Test]) -> Test:
    return lambda char: any(test(char) for test in tests)


def without(test: Test, excluded: Test) -> Test:
    return lambda char: test(char) and not excluded(char)


def in_any_case(test: Test) -> Test:
    return lambda char: any(test(variant) for variant in _variants(char))


def _variants(char: str) -> set[str]:
    lower = char.lower()
    # Upper case can be two characters, which are never one of a class.
    return {each for each in (char, lower, char.upper(), lower.upper()) if len(each) == 1}
