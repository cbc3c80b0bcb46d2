"""`q`: words, phrases and prefixes that must all occur in the fields that are searched."""

import pytest
from httpx import AsyncClient

from tests.api.answers import found, store, store_all
from tests.patterns import pattern


def saying(text: str, pattern_id: str = "p") -> dict[str, object]:
    return pattern("error_occurrence", pattern_id=pattern_id, data={"error_message": text})


@pytest.mark.parametrize(
    ("text", "finding", "not_finding"),
    [
        ("NullPointerException at line 7", ["nullpointerexception", "LINE", "7"], ["null", "at 8"]),
        ("one two three", ["two", "three one", "two two"], ["four", "one four", "tw"]),
        (
            "one two three",
            ['"one two"', '"two three" one', '"three"'],
            ['"one three"', '"two one"'],
        ),
        ("snake_case-kebab.dot", ["snake", "case", "kebab", "dot", '"snake case"'], ["snakecase"]),
        ("snake_case", ["snake_case", "case_snake", "snake-case"], ["snake_casing"]),
        ("utf8 abc123def", ["utf8", "abc123def", "abc*"], ["utf", "8", "abc", "123"]),
        (
            "NumberFormatException",
            ["number*", "Numberformat*", "NUMBERFORMATEXCEPTION*"],
            ["umber*"],
        ),
        ("read the file", ["re* fi*", "the*", 're* "the file"'], ["fi* xx*", '"the read"']),
        ("foo.bar.Baz$Inner.method(Baz.java:42)", ["baz inner", '"baz java 42"'], ["bazinner"]),
        ("Straße GRÜSSE", ["strasse", "STRASSE", "straße", "grüsse"], ["strase", "grusse"]),
        ("ΟΔΟΣ Οδυσσέας", ["οδοσ", "ΟΔΟΣ", "οδυσσέας", "ΟΔΥΣΣΈΑΣ"], ["οδ"]),
        ("naïve café", ["naïve", "CAFÉ", "caf*"], ["naive", "cafe"]),
        ("ошибка чтения", ["ОШИБКА", "чтен*", '"ошибка чтения"'], ["оши"]),
        ("日本語のエラー", ["日本語", "本", '"日本"', '"のエ"', "語 日"], ["英", '"本日"']),
        ("値がnullです", ["null", "値", "が"], ["nul"]),
        ("한국어 오류", ["한국어", "한", '"국어"'], ["중"]),
        ("٣٤ items", ["٣٤", "items"], ["34"]),
        ("a\x00b c\td", ["a", "b", '"a b"', "d"], ["ab"]),
        ("error 🙂 fixed", ["error fixed", '"error fixed"', "error 🙂"], ["errors"]),
        ("it's 50% done", ["it s 50", "done", '"s 50 done"'], ["its"]),
        ("a OR b AND NOT c", ["not a", 'b) AND "c', "a or", "and:b"], ["a NEAR b", "NOT d"]),
    ],
)
async def test_what_a_text_is_found_by(
    client: AsyncClient, text: str, finding: list[str], not_finding: list[str]
) -> None:
    await store(client, saying(text))
    assert [q for q in finding if await found(client, q=q) != ["p"]] == []
    assert [q for q in not_finding if await found(client, q=q)] == []


SEARCHED = {
    "error_occurrence": ["error_type", "error_message", "stack_trace", "resolution"],
    "user_correction": ["original_output", "corrected_output", "user_feedback"],
}


@pytest.mark.parametrize(
    ("pattern_type", "field"),
    [(pattern_type, field) for pattern_type, fields in SEARCHED.items() for field in fields],
)
async def test_the_fields_that_are_searched(
    client: AsyncClient, pattern_type: str, field: str
) -> None:
    posted = pattern(pattern_type, pattern_id="p", data={field: "before Needle after"})
    await store(client, posted)
    assert await found(client, q="needle") == ["p"]


async def test_a_failed_task_is_found_by_its_message(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="p", data={"error_message": "Needle"}))
    assert await found(client, q="needle") == ["p"]


async def test_no_other_member_is_searched(client: AsyncClient) -> None:
    elsewhere = pattern(
        "error_occurrence",
        pattern_id="needle",
        data={"file_path": "needle", "function_name": "needle", "unknown": "needle"},
        context={
            "project_name": "needle",
            "tags": ["needle"],
            "metadata": {"resolution": "needle"},
        },
        resolution="needle",
    )
    await store(client, elsewhere)
    assert await found(client, q="needle") == []


async def test_words_may_stand_in_different_fields_but_a_phrase_in_one(
    client: AsyncClient,
) -> None:
    data = {"error_type": "alpha", "error_message": "beta gamma", "stack_trace": "gamma delta"}
    await store(client, pattern("error_occurrence", pattern_id="p", data=data))
    assert await found(client, q="alpha delta") == ["p"]
    assert await found(client, q='"beta gamma" alpha') == ["p"]
    assert await found(client, q='"alpha beta"') == []
    assert await found(client, q='"gamma gamma"') == []


async def test_what_was_just_written_is_found_at_once(client: AsyncClient) -> None:
    for number in range(20):
        await store(client, saying(f"word{number}", f"p{number}"))
        assert await found(client, q=f"word{number}") == [f"p{number}"]


async def test_matches_come_in_the_order_of_time(client: AsyncClient) -> None:
    texts = {"p1": "needle", "p2": "needle needle needle", "p3": "a needle in a haystack"}
    patterns = [
        saying(text, name) | {"timestamp": f"2026-01-0{name[1]}"} for name, text in texts.items()
    ]
    await store_all(client, patterns)
    assert await found(client, q="needle") == ["p3", "p2", "p1"]
    assert await found(client, q="needle", order="oldest") == ["p1", "p2", "p3"]


async def test_a_null_or_a_foreign_type_in_a_searched_field_does_no_harm(
    client: AsyncClient,
) -> None:
    await store(client, pattern("error_occurrence", pattern_id="a", data={"resolution": None}))
    await store(client, pattern("agent_usage", pattern_id="b", data={"resolution": ["add"]}))
    assert await found(client, q="add") == ["a"]
