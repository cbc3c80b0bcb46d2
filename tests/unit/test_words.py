"""Full text: what a word is, and what a query asks for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.words import GAP, Phrase, parse_text_query, searchable, words_of
from tests import oracle


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n-_.,;!?\0", []),
        ("NullPointerException", ["nullpointerexception"]),
        ("can't open '/srv/data.csv'", ["can", "t", "open", "srv", "data", "csv"]),
        ("snake_case and kebab-case", ["snake", "case", "and", "kebab", "case"]),
        ("line 42 of 3.14", ["line", "42", "of", "3", "14"]),
        ("x1y2", ["x1y2"]),
        ("a\0b", ["a", "b"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ΣΊΣΥΦΟΣ σίσυφος", ["σίσυφοσ", "σίσυφοσ"]),
        ("café naïve", ["café", "naïve"]),
        ("Ошибка ввода", ["ошибка", "ввода"]),
        ("خطأ في", ["خطأ", "في"]),
        ("१२३ ٤٥", ["१२३", "٤٥"]),
        ("ｆｕｌｌ１２", ["ｆｕｌｌ１２"]),
        ("型エラー", ["型", "エ", "ラ", "ー"]),
        ("값이null입니다", ["값", "이", "null", "입", "니", "다"]),
        ("x型y", ["x", "型", "y"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("漢字、かな。", ["漢", "字", "か", "な"]),
        ("ok🙂go", ["ok", "go"]),
    ],
)
def test_a_word_is_a_run_of_letters_or_digits_case_folded_or_one_cjk_character(
    text: str, words: list[str]
) -> None:
    assert words_of(text) == words


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_texts_are_cut_as_a_plain_loop_cuts_them(text: str) -> None:
    common = "".join(character for character in text if not _is_rare(character))
    assert words_of(common) == oracle.words(common)


def test_every_ideograph_kana_bopomofo_and_hangul_letter_is_a_word_and_no_other_letter_is() -> None:
    letters = [character for character in map(chr, range(0x80, 0x2FA20)) if character.isalnum()]
    checked = 0
    for letter in letters:
        if not _is_rare(letter):
            checked += 1
            alone = ["a", letter.casefold(), "b"]
            joined = [f"a{letter}b".casefold()]
            expected = alone if oracle.is_cjk(letter) else joined
            assert words_of(f"a{letter}b") == expected, unicodedata.name(letter)
    assert checked > 100_000


_RARE = (
    "HANGZHOU ",
    "HENTAIGANA ",
    "IDEOGRAPHIC ANNOTATION ",
    "IDEOGRAPHIC TALLY ",
    "KHITAN ",
    "MASU ",
    "NUSHU ",
    "OLD CHINESE ",
    "TANGUT ",
    "VERTICAL ",
)


def _is_rare(letter: str) -> bool:
    """Letters hardly in use, whose names tell nothing of how they are written."""
    name = unicodedata.name(letter, "")
    return not name or name.startswith(_RARE)


@pytest.mark.parametrize(
    ("query", "phrases"),
    [
        ("value", [Phrase(("value",))]),
        ("Null VALUE", [Phrase(("null",)), Phrase(("value",))]),
        ("null-value", [Phrase(("null",)), Phrase(("value",))]),
        ('"null value"', [Phrase(("null", "value"))]),
        ('"Null - VALUE!"', [Phrase(("null", "value"))]),
        ('a "b c" d', [Phrase(("a",)), Phrase(("b", "c")), Phrase(("d",))]),
        ("val*", [Phrase(("val",), prefix=True)]),
        ("val* is*", [Phrase(("val",), prefix=True), Phrase(("is",), prefix=True)]),
        ("STRASS* Straß*", [Phrase(("strass",), True), Phrase(("strass",), True)]),
        ("val *", [Phrase(("val",))]),
        ("*val", [Phrase(("val",))]),
        ("val**", [Phrase(("val",), prefix=True)]),
        ('"null val*"', [Phrase(("null", "val"))]),
        ('""x', [Phrase(("x",))]),
        ('"x', [Phrase(("x",))]),
        ('x"', [Phrase(("x",))]),
        ('"a b" "c d', [Phrase(("a", "b")), Phrase(("c",)), Phrase(("d",))]),
        ("型エ", [Phrase(("型",)), Phrase(("エ",))]),
        ('"型エ"', [Phrase(("型", "エ"))]),
        (
            "NEAR(a, b) OR c:d ^e",
            [Phrase((word,)) for word in ("near", "a", "b", "or", "c", "d", "e")],
        ),
        ("it's 100%; --", [Phrase((word,)) for word in ("it", "s", "100")]),
    ],
)
def test_a_query_asks_for_words_phrases_and_prefixes_and_all_else_separates(
    query: str, phrases: list[Phrase]
) -> None:
    assert parse_text_query(query) == tuple(phrases)


@pytest.mark.parametrize("query", ["", " ", '""', '"', "*", "_", "--", "🙂", "\0", GAP, '"***"'])
def test_a_query_without_a_word_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="no word"):
        parse_text_query(query)


@given(st.text(alphabet='ab "*-型é', max_size=12))
def test_queries_are_read_as_a_plain_loop_reads_them(query: str) -> None:
    expected = [(tuple(words), is_prefix) for words, is_prefix in oracle.phrases(query)]
    try:
        phrases = parse_text_query(query)
    except ValueError:
        phrases = ()
    assert [(phrase.words, phrase.prefix) for phrase in phrases] == expected


def test_plain_ascii_is_left_as_it_is_and_other_text_cut_into_its_words() -> None:
    assert searchable(["Can't open", "", "Größe 型x"]) == f"Can't open {GAP} grösse 型 x"


def test_the_gap_between_fields_is_no_word() -> None:
    assert words_of(GAP) == []
