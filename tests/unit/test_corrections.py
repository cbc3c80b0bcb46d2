"""What repeats a corrected mistake is told, what only looks like it is not, and both soon."""

import random
from collections.abc import Iterable

import pytest

from app.learning.corrections.differences import changes_of
from app.learning.corrections.hunks import hunks_of, packed, unpacked
from app.learning.corrections.index import Correction, CorrectionIndex
from tests.benchmarks.corrections import quality
from tests.corrections import LABELLED, UNRELATED, Labelled, others, within

MEGABYTE = 1 << 20


def correction(seq: int, original: str, corrected: str, **members: str) -> Correction:
    return Correction(
        seq,
        f"pattern-{seq}",
        seq,
        members.get("project", ""),
        members.get("agent", "developer"),
        members.get("task_type"),
        "style",
        None,
        packed(hunks_of(original, corrected), "style", None),
    )


def index_of(corrections: Iterable[Correction]) -> CorrectionIndex:
    index = CorrectionIndex()
    for each in corrections:
        index.add(each)
    return index


@pytest.fixture(scope="module")
def labelled() -> CorrectionIndex:
    """All labelled corrections, each under its place."""
    return index_of(
        correction(seq, each.original, each.corrected) for seq, each in enumerate(LABELLED)
    )


def numbers(index: CorrectionIndex, output: str, **asked: object) -> list[int]:
    return [found.correction.seq for found in index.search(output, **asked)]  # type: ignore[arg-type]


def recurring(index: CorrectionIndex, seqs: Iterable[int], least: int = 2) -> list[list[int]]:
    return [[each.seq for each in same] for _, same in index.recurring(seqs, least)]


def test_the_labelled_corrections_are_many_and_of_all_kinds() -> None:
    kinds = {each.kind for each in LABELLED}
    assert kinds == {"style", "api", "security", "naming", "tests", "docs", "logic"}
    assert len(LABELLED) >= 100
    assert sum(len(each.repeats) for each in LABELLED) >= 200
    assert sum(len(each.look_alikes) for each in LABELLED) >= 100
    assert len(UNRELATED) >= 50


def test_recall_and_false_answers(labelled: CorrectionIndex) -> None:
    told = quality(labelled)
    print("\n" + ", ".join(f"{name} {share:.3f}" for name, share in told._asdict().items()))
    assert told.first >= 0.77
    assert told.among_three >= 0.8
    assert told.look_alikes <= 0.1
    assert told.unrelated <= 0.06


@pytest.mark.parametrize("each", LABELLED, ids=[str(place) for place in range(len(LABELLED))])
def test_what_was_corrected_is_found_and_its_correction_is_not(each: Labelled) -> None:
    index = index_of([correction(1, each.original, each.corrected)])
    (found,) = index.search(each.original, least=0.3)
    assert found.likeness.wrong > 0.7
    assert numbers(index, each.corrected) == []


def test_a_mistake_is_found_in_the_middle_of_a_long_output(labelled: CorrectionIndex) -> None:
    alone = [seq for seq, each in enumerate(LABELLED) if seq in numbers(labelled, each.original)]
    found = [seq in numbers(labelled, within(LABELLED[seq].original, 20_000)) for seq in alone]
    assert sum(found) >= 0.9 * len(alone)


def test_what_is_wrong_weighs_more_than_what_stands_around_it() -> None:
    index = index_of(
        [
            correction(1, "total = round(sum(prices), 2)", "total = quantize(sum(prices))"),
            correction(2, "return render(page, Session())", "return render(page, session)"),
        ]
    )
    assert numbers(index, "return render(page, round(tax, 2))", least=0.0)[0] == 1


def test_the_same_agent_and_task_type_come_first_where_all_else_is_equal() -> None:
    texts = "requests.get(url)", "requests.get(url, timeout=5)"
    index = index_of(
        [
            correction(1, *texts, project="a", agent="tester", task_type="review"),
            correction(2, *texts, project="b", agent="developer", task_type="review"),
            correction(3, *texts, project="c", agent="developer", task_type="port"),
        ]
    )
    asked = "page = requests.get(address)"
    for agent, task_type, expected in (
        ("tester", "review", 1),
        ("developer", "review", 2),
        ("developer", "port", 3),
        ("developer", None, 3),
    ):
        (found,) = index.search(asked, agent=agent, task_type=task_type, least=0.0)
        assert found.correction.seq == expected
        assert found.same_agent
        assert found.same_task_type is (task_type is not None)


def test_what_was_asked_often_is_told_once_with_how_often() -> None:
    index = index_of(
        correction(seq, f"x{seq} = yaml.load(s{seq})", f"x{seq} = yaml.safe_load(s{seq})")
        for seq in range(30)
    )
    (found,) = index.search("settings = yaml.load(stream)")
    assert found.times == 30


def test_of_other_projects_nothing_is_told_nor_changes_what_is() -> None:
    mine = [correction(1, "eval(formula)", "parse(formula)", project="mine")]
    theirs = [
        correction(seq, f"eval(formula{seq})", f"parse(formula{seq})", project="theirs")
        for seq in range(2, 200)
    ]
    alone, shared = index_of(mine), index_of(mine + theirs)
    asked = "result = eval(formula)"
    assert shared.search(asked, projects=["mine"]) == alone.search(asked, projects=["mine"])
    assert shared.search(asked, projects=["other"]) == []
    assert shared.search(asked, projects=["mine", "theirs"])[0].times > 1


def test_the_answer_depends_on_what_is_there_and_not_on_how_it_came() -> None:
    chance = random.Random(3)
    corrections = [
        correction(seq, *texts, project=chance.choice("ab"))
        for seq, texts in enumerate([*others(300), *((e.original, e.corrected) for e in LABELLED)])
    ]
    kept = corrections[::2]
    index = index_of(chance.sample(corrections, len(corrections)))
    for each in chance.sample(corrections[1::2], len(corrections[1::2])):
        index.remove(each.seq)
    index.remove(-1)
    fresh = index_of(kept)
    assert len(index) == len(fresh) == len(kept)
    for asked in LABELLED:
        for output in (asked.original, *asked.repeats):
            assert index.search(output, least=0.2) == fresh.search(output, least=0.2)
    for known in kept:
        index.remove(known.seq)
    assert len(index) == 0
    assert index.search(LABELLED[0].original, least=0.0) == []


def test_hunks_come_back_from_their_bytes() -> None:
    hunks = [hunk for each in LABELLED for hunk in hunks_of(each.original, each.corrected)]
    assert unpacked(packed(hunks, "style", None), "style", None) == hunks


def test_damaged_hunks_are_noticed() -> None:
    kept = packed(hunks_of("if user == None:", "if user is None:"), "style", None)
    damaged = [kept[:end] for end in range(len(kept))]
    for place in range(len(kept)):
        damaged.append(kept[:place] + bytes([kept[place] ^ 16]) + kept[place + 1 :])
    for each in damaged:
        with pytest.raises(ValueError, match="checksum"):
            unpacked(each, "style", None)


@pytest.mark.parametrize("beside", [("stylf", None), ("style", "None"), ("None", "style"), ()])
def test_what_is_kept_beside_hunks_is_known_to_be_the_same(beside: tuple[str | None, ...]) -> None:
    kept = packed(hunks_of("if user == None:", "if user is None:"), "style", None)
    with pytest.raises(ValueError, match="checksum"):
        unpacked(kept, *beside)


def test_changes_are_told_as_they_were_written() -> None:
    (change,) = changes_of("if user  ==  None:\n    stop()", "if user is None:\n    stop()")
    assert (change.removed, change.added) == ("==", "is")
    (change,) = changes_of("requests.get(url)", "requests.get(url, timeout=10)")
    assert (change.removed, change.added) == ("", ", timeout=10")
    (change,) = changes_of("得到用户的名字", "得到客户的名字")
    assert (change.removed, change.added) == ("用", "客")
    assert changes_of("a  b", "a b") == []


def test_what_recurs_is_what_was_changed_and_not_where() -> None:
    index = index_of(
        [
            correction(1, "if a == None: stop()", "if a is None: stop()"),
            correction(2, "print('x')\nb", "log('x')\nb"),
            correction(5, "while node == None:\n  wait(3)", "while node is None:\n  wait(3)"),
            correction(7, "sleep(3)\nassert ok", "sleep(7)\nassert ok"),
            correction(8, "def getName(): ...", "def get_name(): ..."),
            correction(9, "def loadAll(x): ...", "def load_all(x): ..."),
            correction(11, "return c == None", "return c is None"),
        ]
    )
    assert recurring(index, range(20)) == [[1, 5, 11], [8, 9]]
    assert recurring(index, range(20), least=3) == [[1, 5, 11]]
    assert recurring(index, [1, 11]) == [[1, 11]]


def test_nearly_the_same_wording_recurs() -> None:
    answer = "```python\nx = 1\n```"
    index = index_of(
        [
            correction(1, f"Sure! Here is the updated function you asked for:\n{answer}", answer),
            correction(2, f"Sure! Here is the updated test you asked for:\n{answer}", answer),
            correction(3, f"I looked at both of them and took the second.\n{answer}", answer),
        ]
    )
    assert recurring(index, [1, 2, 3]) == [[1, 2]]


HOSTILE = {
    "binary noise": random.Random(1).randbytes(MEGABYTE).decode("latin-1"),
    "characters of all scripts": "".join(
        map(chr, random.Random(2).choices(range(0x3000), k=MEGABYTE))
    ),
    "lone surrogates": "\ud800" * MEGABYTE,
    "one word": "a" * MEGABYTE,
    "one sign": "(" * MEGABYTE,
    "spaces": " " * MEGABYTE,
    "lines": "\n" * MEGABYTE,
    "the same again and again": "requests.get(url)\n" * (MEGABYTE // 18),
    "nothing": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_is_answered(labelled: CorrectionIndex, name: str) -> None:
    text = HOSTILE[name]
    assert len(labelled.search(text)) <= 5
    index = index_of([correction(1, text, text[::-1]), correction(2, text, "")])
    index.search(text)
    index.remove(1)
    assert len(packed(hunks_of(text, "x y z"))) < 4096
