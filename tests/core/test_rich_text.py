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


@pytest.mark.parametrize(
    "text",
    [
        *("a&#x202e;b", "&#8238;", "&#x202E", "&#X0202e;", "&#8294;", "&#0;", "&#7;", "&#7", "&#13;", "&#x80;"),
        *("&#xD800;", "&#x110000;", f"&#{'9' * 5000};", f"&#{'0' * 5000}7;", "<p>a<b>&#x202e;</b></p>"),
    ],
)
def test_what_may_not_be_written_may_not_be_written_by_number(text):
    with pytest.raises(ValidationError, match="not allowed"):
        RichText().deserialize(text)


@pytest.mark.parametrize("text", ["&#x41;&#9;&#10;&#x1F92D;", "&amp;#x202e;", "&#;", "&#x;", "&lrm;", "&#x10FFFF;"])
def test_other_characters_may_be_given_by_number(text):
    assert RichText().deserialize(text) == text


def nested(depth: int) -> str:
    tags = (["ul", "li"] * depth)[:depth]
    return "".join(f"<{tag}>" for tag in tags) + "x<br>" + "".join(f"</{tag}>" for tag in reversed(tags))


def test_tags_are_nested_eight_deep_at_most():
    several = nested(8) * 3
    assert RichText().deserialize(several) == several
    for depth in (9, 72, 1_000):
        with pytest.raises(ValidationError, match="nested 8 deep"):
            RichText().deserialize(nested(depth))


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["C"]), min_size=1))
def test_text_without_markup_is_never_touched(text):
    if text.strip() and not set(text) & set("\u2028\u2029"):
        assert RichText().deserialize(text) == text
