"""Rich text keeps a few harmless tags; what bleach would drop is refused, so that no text is lost silently."""

import pytest
from hypothesis import given, strategies as st
from marshmallow import ValidationError

from server.core.fields import RichText

KEPT = [
    "plain",
    "<p>Drink <b>water</b>, 2 < 3 & 5 > 4</p>",
    "<ul><li>one</li><li>two</li></ul>",
    "line<br>line<br/>line",
    "<blockquote><em>quoted</em></blockquote>",
    "AT&T, O'Brien, µg",
]
REFUSED = [
    "<script>alert(1)</script>",
    '<p onclick="x()">hi</p>',
    '<a href="https://example.com">link</a>',
    "<!-- comment -->",
    "<img src=x onerror=alert(1)>",
    "<p style='color:red'>x</p>",
]


@pytest.mark.parametrize("text", KEPT)
def test_harmless_markup_stays_as_it_is(text):
    assert RichText().deserialize(text) == text


@pytest.mark.parametrize("text", REFUSED)
def test_what_would_be_dropped_is_refused_by_name(text):
    with pytest.raises(ValidationError) as refusal:
        RichText().deserialize(text)
    assert [message.code for message in refusal.value.messages] == ["markup_not_allowed"]


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["C"]), min_size=1))
def test_text_without_markup_is_never_touched(text):
    if text.strip() and not set(text) & set("\u2028\u2029"):
        assert RichText().deserialize(text) == text
