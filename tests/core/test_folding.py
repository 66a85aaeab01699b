import unicodedata

import bleach
import pytest
from hypothesis import given, settings, strategies as st
from marshmallow import ValidationError

from server.core.fields import Line, Paragraphs, RichText
from server.core.text import LONGEST_KEY, RICH_TAGS, digits_of, fold, fold_key, fold_query

TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_folding_what_is_folded_changes_nothing(text):
    words = fold(text)
    assert fold(" ".join(words)) == words


def test_folding_is_idempotent_for_every_character():
    for code in range(0x30000):
        if not 0xD800 <= code < 0xE000:
            words = fold(chr(code))
            assert fold(" ".join(words)) == words, hex(code)


@given(st.text(st.characters(max_codepoint=127), max_size=80))
@settings(max_examples=300, deadline=None)
def test_plain_text_folds_as_it_does_beside_other_letters(text):
    assert [*fold(text), "o"] == fold(f"{text} ö")


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_case_and_composition_do_not_matter(text):
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)


@pytest.mark.parametrize("mark", ["'", "’", "‘", "ʼ", "`", "´", "-", "‐", "–"])
def test_apostrophes_and_hyphens_join(mark):
    assert fold(f"O{mark}Reilly") == ["oreilly"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("José Nuñez", ["jose", "nunez"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("Łódź Ørsted Đorđe", ["lodz", "orsted", "dorde"]),
        ("Ærøskøbing", ["aeroskobing"]),
        ("İzmir ısı", ["izmir", "isi"]),
        ("محمّد", ["محمد"]),
        ("Ώμέγα", ["ωμεγα"]),
        ("Ёлкин", ["елкин"]),
        ("शांति", ["शांति"]),
        ("小明", ["小明"]),
        ("a.b@c-d.com", ["a", "b", "cd", "com"]),
        ("100% & more", ["100", "more"]),
        ("％ _ ' 🙂", []),
        ("", []),
    ],
)
def test_words(text, words):
    assert fold(text) == words


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("(617) 555-0123", ["6175550123"]),
        ("+49 30 12", ["493012"]),
        ("1980-02-03", ["19800203"]),
        ("ida 1980-02-03", ["ida", "19800203"]),
        ("+-()", []),
    ],
)
def test_numbers_in_a_search_become_digits(q, words):
    assert fold_query(q) == words


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_digits_are_digits(text):
    found = digits_of(text)
    assert found == "" or (found.isascii() and found.isdigit())


@given(st.text(st.sampled_from("ﷺaßΐ é"), max_size=400))
@settings(max_examples=100, deadline=None)
def test_keys_fit_and_differ_where_the_words_do(text):
    assert len(fold_key(text)) <= LONGEST_KEY
    other = text + "z"
    assert fold_key(other) != fold_key(text)


@given(TEXT)
@settings(max_examples=400, deadline=None)
def test_bleach_drops_nothing_of_what_a_line_takes(text):
    try:
        line = Line(100).deserialize(text)
    except ValidationError:
        return
    assert line == text
    shown = bleach.clean(line, tags=frozenset(), attributes={}, strip=True)
    assert _unescaped(shown) == _unescaped(line)


MARKUP = st.lists(st.sampled_from(["<", ">", "b", "/", "!", "--", "a=", '"', " ", "&", "amp;", "script", "5", "é"]))


@given(MARKUP.map("".join))
@settings(max_examples=600, deadline=None)
def test_bleach_drops_nothing_of_what_a_line_takes_of_markup(text):
    try:
        line = Line(200).deserialize(text)
    except ValidationError:
        return
    assert _unescaped(bleach.clean(line, tags=frozenset(), attributes={}, strip=True)) == _unescaped(line)


def _unescaped(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&").replace("&", "")


@given(MARKUP.map("".join))
@settings(max_examples=300, deadline=None)
def test_paragraphs_take_any_markup(text):
    if text.strip():
        assert Paragraphs().deserialize(text) == text


@pytest.mark.parametrize(
    "text", ["<p>a</p>", "a<br>b", "<ul><li>x</li></ul>", "5 &lt; 6", "5 < 6", "a & b", "<b>x</b>"]
)
def test_rich_text_is_kept(text):
    assert RichText().deserialize(text) == text


@pytest.mark.parametrize(
    "text", ["<script>x</script>", "<b onclick='x'>y</b>", "<a href='x'>y</a>", "<!-- x -->", "<img>"]
)
def test_rich_text_that_would_lose_something_is_refused(text):
    assert "script" not in RICH_TAGS
    with pytest.raises(ValidationError):
        RichText().deserialize(text)
