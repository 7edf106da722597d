"""Canonical JSON: one text for one content (RFC 8785, with the numbers of its appendix B)."""

import struct

import pytest

from engine.signatures import canonical

NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_a_number_is_written_as_ecmascript_writes_it(bits, text):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical.write(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": [1, True, None], "a": {}}, '{"a":{},"b":[1,true,null]}'),
        (("x", 2.0, 0.5), '["x",2,0.5]'),
        ({"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "ö": 6}, None),
        ('€$\x0f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        (2**60 + 1, "1152921504606846977"),
    ],
)
def test_a_value_is_written_in_one_way(value, text):
    # RFC 8785 §3.2.3: by UTF-16, an emoji comes before the Hebrew letter.
    in_order = '{"\\r":2,"1":4,"ö":6,"€":1,"😀":5,"\ufb33":3}'

    assert canonical.write(value) == (text or in_order)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_refused(number):
    with pytest.raises(ValueError, match="no number"):
        canonical.write(number)
