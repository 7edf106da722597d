"""FEEL: the patterns of ``matches``, ``replace`` and ``split``."""

import pytest

from engine.feel import compile_expression


def evaluate(text, **context):
    return compile_expression(text).evaluate(context)


@pytest.mark.parametrize(
    ("string", "pattern", "flags", "expected"),
    [
        ("foobar", "^fo*b", "", True),
        ("foobar", "^o", "", False),
        ("foobar", "bar$", "", True),
        ("a\nb", "a.b", "", False),
        ("a\nb", "a.b", "s", True),
        ("a\nb", "^b$", "", False),
        ("a\nb", "^b$", "m", True),
        ("FOO", "foo", "i", True),
        ("\u212a", "k", "i", True),
        ("q", "[^Q]", "i", False),
        ("hello world", "hello[ ]world", "x", True),
        ("a.b", "a.b", "q", True),
        ("axb", "a.b", "q", False),
        ("b", "[a-z-[aeiou]]", "", True),
        ("e", "[a-z-[aeiou]]", "", False),
        ("-", "[a-]", "", True),
        ("é1_", r"^\w\d_$", "", True),
        ("x", r"\D\S", "", False),
        ("Ab", r"^\p{Lu}\P{Lu}$", "", True),
        ("Ж", r"\p{IsCyrillic}", "", True),
        ("a:b", r"^\i\c+$", "", True),
        ("abab", r"^(ab)\1$", "", True),
        ("abac", r"^(ab)\1$", "", False),
        ("aA", r"^(a)\1$", "i", True),
        ("aaa", "^a{2,3}$", "", True),
        ("aaaa", "^a{2,3}$", "", False),
        ("aaaa", "^a{2,}$", "", True),
        ("ac", "^a(?:b|c)$", "", True),
        ("", "^(a*)*$", "", True),
        ("tab\there", r"\t", "", True),
        ("a", "p{2}?", "", False),
    ],
)
def test_a_pattern_matches(string, pattern, flags, expected):
    value = evaluate("matches(s, p, f)", s=string, p=pattern, f=flags)

    assert value is expected


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [
        ("a", "p"),
        ("a", " "),
        ("(", ""),
        (")", ""),
        ("*a", ""),
        ("[", ""),
        ("[]", ""),
        ("[z-a]", ""),
        ("[a[b]", ""),
        ("a{3,2}", ""),
        ("a{", ""),
        ("\\", ""),
        (r"\q", ""),
        (r"\p{Nope}", ""),
        (r"\p{ Lu}", ""),
        (r"(a)\2", ""),
        (r"(a\1)", ""),
        (r"(a)[\1]", ""),
        ("(?=a)", ""),
    ],
)
def test_what_is_no_pattern_gives_null(pattern, flags):
    assert evaluate("matches(s, p, f)", s="a", p=pattern, f=flags) is None


@pytest.mark.parametrize(
    ("string", "pattern", "replacement", "expected"),
    [
        ("abracadabra", "bra", "*", "a*cada*"),
        ("abracadabra", "a.*?a", "*", "*c*bra"),
        ("abracadabra", "a(.)", "a$1$1", "abbraccaddabbra"),
        ("abcd", "(ab)|(a)", "[1=$1][2=$2]", "[1=ab][2=]cd"),
        ("0123456789", r"(\d{3})(\d{3})(\d{4})", "($1) $2-$3", "(012) 345-6789"),
        ("abc", "b", "[$0]", "a[b]c"),
        ("abc", "(b)", "$12", "ab2c"),
        ("abc", "b", r"\$\\", r"a$\c"),
        ("abc", "b", "$", None),
        ("abc", "b", r"\n", None),
        ("abc", "x*", "-", None),
        ("aaa", "a+?", "b", "bbb"),
    ],
)
def test_what_matches_is_replaced(string, pattern, replacement, expected):
    assert evaluate("replace(s, p, r)", s=string, p=pattern, r=replacement) == expected


@pytest.mark.parametrize(
    ("string", "delimiter", "expected"),
    [
        ("a;b;;", ";", ["a", "b", "", ""]),
        ("John  Doe", r"\s+", ["John", "Doe"]),
        ("abc", "x", ["abc"]),
        ("abc", "x*", None),
        ("abc", "(", None),
    ],
)
def test_a_string_is_split(string, delimiter, expected):
    assert evaluate("split(s, d)", s=string, d=delimiter) == expected
