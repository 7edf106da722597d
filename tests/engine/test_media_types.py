"""What a file is, by its bytes; and what is refused that only looks like one of them."""

import pytest

from engine import media_types
from engine.errors import InvalidDocument
from tests.files import GOOD


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_known_by_its_content(name):
    media_type, content = GOOD[name]

    assert media_types.recognise(content, "") == media_type
    assert media_types.recognise(content, name) == media_type


@pytest.mark.parametrize("name", ["screen.png", "photo.jpg", "steps.gif", "screen.webp"])
def test_no_part_of_a_picture_is_a_picture(name):
    media_type, content = GOOD[name]

    for length in range(16, len(content)):
        with pytest.raises(InvalidDocument):
            media_types.recognise(content[:length], "")
    assert media_types.recognise(content, "") == media_type
