"""Reading lessons: every bundled file is one, and whatever is wrong with a file is said in one sentence."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from explorer.engine.lesson_known import known_figures
from explorer.engine.lesson_measures import MEASURES
from explorer.engine.lesson_records import Choice, Measured, Question
from explorer.engine.lesson_words import filled, loose_numbers, number_of, remarks, written, written_figures
from explorer.engine.lessons import BUNDLED, find_lesson, find_lessons, read_lesson
from explorer.errors import UserError
from explorer.networks.catalog import PRESETS

GOOD = """
title = "One block"
about = "What a network loses with one block."

[[steps]]
title = "Without layer2.1"
text = "ResNet-20 has {blocks} blocks."
answer = "It loses {lost}."
source = "Veit et al. 2016, section 4.1"

[steps.window]
network = "resnet20"
delete = ["layer2.1"]
select = "layer2.1"
show = "maps"
picture = 3

[steps.question]
text = "How many points?"
figure = "lost"
from = 0
to = 90

[[steps.figures]]
name = "lost"
measure = "points_lost"
images = 500

[[steps.figures]]
name = "blocks"
measure = "blocks"
"""
STEP = "[[steps]]" + GOOD.partition("[[steps]]")[2]
CHOICES = '[[steps.question.choices]]\ntext = "little"\n{first}\n[[steps.question.choices]]\ntext = "much"\n{last}\n'
SCALE = "from = 0\nto = 90\n"

BROKEN: dict[str, tuple[str, str, str]] = {
    "no TOML": ("[[steps]]", "[[steps", "not valid TOML"),
    "two of a key": ('title = "One block"', 'title = "a"\ntitle = "b"', "not valid TOML"),
    "no title": ('title = "One block"\n', "", "title is missing in the lesson"),
    "empty title": ('title = "One block"', 'title = "  "', "the text of title"),
    "long title": ("One block", "long " * 40, "at most 60"),
    "title of a wrong kind": ('title = "One block"', "title = 3", "title in the lesson must be a text, not a whole"),
    "a date": ('title = "One block"', "title = 2020-01-01", "not a date or time"),
    "unknown key of the lesson": ('about = "', 'abuot = "', "about is missing"),
    "unknown key beside": ('about = "', 'colour = "red"\nabout = "', "has no key “colour”"),
    "no steps": (STEP, "", "1 to 12 steps, not 0"),
    "steps of a wrong kind": (STEP, "steps = 3", "steps must be a list of tables"),
    "steps that are no tables": (STEP, "steps = [1]", "steps must be a table, not a whole number"),
    "no text": ('text = "ResNet-20 has {blocks} blocks."\n', "", "text is missing in steps"),
    "no answer": ('answer = "It loses {lost}."', "", "answer is missing"),
    "no source": ('source = "Veit et al. 2016, section 4.1"', "", "source is missing"),
    "unknown key of the step": ('answer = "', 'ansver = "', "answer is missing"),
    "unknown key of the window": ("picture = 3", "pictur = 3", "no key “pictur”; the nearest is picture"),
    "no network": ('network = "resnet20"\n', "", "the first step must name one"),
    "unknown network": ('"resnet20"', '"resnet2O"', "no network “resnet2O”; the nearest are resnet32, resnet20"),
    "impossible network": ('"resnet20"', '"resnet21"', "21 layers"),
    "network of a wrong kind": ('"resnet20"', "20", "network in steps.window must be a text"),
    "unknown block": ('delete = ["layer2.1"]', 'delete = ["layer9.1"]', "has no block layer9.1"),
    "delete of a wrong kind": ('delete = ["layer2.1"]', 'delete = "layer2.1"', "delete in steps.window must be a list"),
    "delete of wrong things": ('delete = ["layer2.1"]', "delete = [1]", "must be a text, not a whole number"),
    "both ways off": ('delete = ["layer2.1"]', 'delete = ["layer2.1"]\ncut = ["layer2.1"]', "nothing would get"),
    "no shortcut to cut": ('"resnet20"\ndelete = ["layer2.1"]', '"plain20"\ncut = ["layer2.1"]', "no shortcuts to cut"),
    "unknown part": ('select = "layer2.1"', 'select = "layer7"', "has no part “layer7”"),
    "unknown tab": ('"maps"', '"map"', "there is no show “map”; the nearest is maps"),
    "unknown page": ('"maps"', '"blocks:dept"', "there is no show “dept”; the nearest is depth"),
    "a page where there are none": ('"maps"', '"maps:depth"', "the tab “maps” has no pages"),
    "unknown setup": ('"maps"', '"gradients:he,bare"', "show can't be told “bare”"),
    "too many seeds": ('"maps"', '"gradients:he,11"', "show can't be told “11”"),
    "a setup of trained weights": ('"maps"', '"gradients:trained,nonorm"', "show can't be told “nonorm”"),
    "negative picture": ("picture = 3", "picture = -1", "from 0 to 1999, not -1"),
    "picture of a wrong kind": ("picture = 3", "picture = true", "picture in steps.window must be a whole number"),
    "picture that is not there": ("picture = 3", 'picture = "shirt.png"', "does not lie beside the lesson"),
    "picture elsewhere": ("picture = 3", 'picture = "../shirt.png"', "there is no picture"),
    "weights that are none": ("picture = 3", 'weights = "good ones"', "there are no weights “good ones”"),
    "weights elsewhere": ("picture = 3", 'weights = "/etc/weights.pth"', "a file beside the lesson"),
    "no question": ('text = "How many points?"\n', "", "text is missing in steps.question"),
    "question of a wrong kind": (
        '[steps.question]\ntext = "How many points?"\nfigure = "lost"\nfrom = 0\nto = 90\n', "question = 3\n",
        "steps.window has no key “question”",
    ),
    "asks for no figure": ('figure = "lost"', 'figure = "last"', "there is no figure “last”; the nearest is lost"),
    "asks where nothing is measured": (
        '[[steps.figures]]\nname = "lost"\nmeasure = "points_lost"\nimages = 500\n\n[[steps.figures]]\n'
        'name = "blocks"\nmeasure = "blocks"\n', "", "measures nothing that steps.question could ask for",
    ),
    "of what does not stand above": (
        '"blocks"\nmeasure = "blocks"', '"blocks"\nmeasure = "given"\nof = "most"\nargument = "images"',
        "no figure above is named “most”; the nearest is lost.",
    ),
    "of what is nothing alike": (
        '"blocks"\nmeasure = "blocks"', '"blocks"\nmeasure = "ratio"\nof = "lost"\nover = "m"',
        "no figure above is named “m”; there is only lost.",
    ),
    "of an empty name": (
        '"blocks"\nmeasure = "blocks"', '"blocks"\nmeasure = "given"\nof = ""\nargument = "images"',
        "no figure above is named “”; there is only lost.",
    ),
    "of a figure where there is none": (
        'measure = "points_lost"\nimages = 500', 'measure = "difference"\nof = "m"\nminus = "n"',
        "no figure above is named “m”; this is the first one of the step.",
    ),
    "given by a figure that is told nothing": (
        'name = "blocks"\nmeasure = "blocks"\n', 'name = "blocks"\nmeasure = "blocks"\n[[steps.figures]]\n'
        'name = "told"\nmeasure = "given"\nof = "blocks"\nargument = "images"\n',
        "the figure blocks is told no whole number, so that none can be given.",
    ),
    "given what a figure is not told": (
        '"blocks"\nmeasure = "blocks"', '"blocks"\nmeasure = "given"\nof = "lost"\nargument = "seeds"',
        "there is no argument “seeds”; there is only images.",
    ),
    "no scale": (SCALE, "", "from is missing in steps.question"),
    "scale upside down": ("from = 0", "from = 91", "from must be less than to"),
    "ends too far apart": (SCALE, "from = -1e308\nto = 1e308\n", "from and to in steps.question are too far apart"),
    "ends too close together": ("from = 0\nto = 90", "from = 1\nto = 1.0000000000000002", "too close together"),
    "a scale of next to nothing": ("to = 90", "to = 5e-324", "too close together for a scale"),
    "log ends too close together": (SCALE, "from = 1e300\nto = 1.0000000000000002e300\nlog = true\n", "too close"),
    "log from zero": ("to = 90", "to = 90\nlog = true", "from must be more than 0"),
    "log of a wrong kind": ("to = 90", 'to = 90\nlog = "yes"', "must be true or false"),
    "infinite scale": ("to = 90", "to = inf", "must be a finite number"),
    "number of a wrong kind": ("to = 90", 'to = "90"', "to in steps.question must be a number, not a text"),
    "scale and choices": ("to = 90", "to = 90\n" + CHOICES.format(first="below = 3", last=""), "has no key “from”"),
    "one choice": (SCALE, '[[steps.question.choices]]\ntext = "a"\n', "2 to 5 choices, not 1"),
    "choice without a limit": (SCALE, CHOICES.format(first="", last=""), "each choice but the last"),
    "choices that fall": (SCALE, CHOICES.format(first="below = 3", last="below = 2"), "each choice but the last"),
    "unknown key of a choice": (SCALE, CHOICES.format(first="above = 3", last=""), "no key “above”"),
    "unknown measure": ('"points_lost"', '"point_lost"', "no measure “point_lost”; the nearest is points_lost"),
    "figure without a name": ('name = "lost"\n', "", "name is missing in steps.figures"),
    "name that can't be": ('name = "lost"', 'name = "Lost points"', "is no name of a figure"),
    "two of a name": ('name = "blocks"', 'name = "lost"', "two figures named lost"),
    "too few images": ("images = 500", "images = 5", "from 10 to 2000, not 5"),
    "images of a wrong kind": ("images = 500", "images = 1.5", "images in steps.figures must be a whole number"),
    "huge images": ("images = 500", f"images = {10**30}", "from 10 to 2000"),
    "what the measure is not told": ("images = 500", "seeds = 3", "no key “seeds”"),
    "what the measure needs": ('"points_lost"\nimages = 500', '"random_deletion"', "count is missing in the figure"),
    "more blocks than there are": (
        '"points_lost"\nimages = 500', '"random_deletion"\ncount = 10', "ResNet-20 has only 9 blocks",
    ),
    "tolerance of a wrong kind": ("images = 500", 'tolerance = "small"', "tolerance in steps.figures must be a number"),
    "no figure for a name": ("It loses {lost}", "It loses {loss}", "“loss” stands in braces"),
    "a lone brace": ("It loses {lost}", "It loses {lost", "a brace stands alone"),
    "no name in braces": ("It loses {lost}", "It loses {lost!r}", "is no name of a figure"),
    "the answer given away": ("has {blocks} blocks", "loses {lost}, has {blocks}", "before it is measured"),
    "an idle figure": ("has {blocks} blocks", "has blocks", "the figure blocks is used nowhere"),
}  # fmt: skip


def file_of(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def sentence_of(path: Path) -> str:
    """What is wrong with a file: one sentence that names it."""
    with pytest.raises(UserError) as caught:
        read_lesson(path)
    sentence = str(caught.value)
    assert sentence.startswith(path.name)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not re.search(r"[{}]| \.$", sentence)
    return sentence


def test_every_bundled_file_is_a_lesson() -> None:
    found = find_lessons([BUNDLED])
    assert [str(error) for error in found.refusals] == []
    assert [lesson.name for lesson in found.lessons] == [
        "1-shortcuts", "2-degradation", "3-deleting", "4-paths", "5-gradients",
    ]  # fmt: skip
    for lesson in found.lessons:
        assert 4 <= len(lesson.steps) <= 6
        for step in lesson.steps:
            assert step.setting.network is not None
            assert "et al." in step.source
            assert len(step.text) + len(step.answer) < 1200, "it must fit into the panel"


def test_a_file_becomes_a_lesson(tmp_path: Path) -> None:
    lesson = read_lesson(file_of(tmp_path, GOOD))
    (step,) = lesson.steps
    assert (lesson.name, lesson.title) == ("mine", "One block")
    assert step.setting.network == PRESETS["resnet20"]
    assert step.setting.lesion.deleted == {"layer2.1"}
    assert (step.setting.picture, step.setting.select, step.setting.show) == (3, "layer2.1", "maps")
    assert step.asked.arguments == {"images": 500}
    assert step.asked.lesion.deleted == {"layer2.1"}, "what is done to the window's network holds for its figures"
    assert step.figure("blocks").form == "count"


def test_a_later_step_is_as_the_one_before_unless_it_says_otherwise(tmp_path: Path) -> None:
    later = STEP.replace('network = "resnet20"\n', "").replace("picture = 3\n", "").replace('delete = ["layer2.1"]', "")
    first, second = read_lesson(
        file_of(tmp_path, GOOD.replace('network = "resnet20"', 'network = "resnet20"\nweights = "untrained"') + later)
    ).steps
    assert second.setting.network == first.setting.network
    assert second.setting.weights == "untrained"
    assert second.setting.picture == 3
    assert not second.setting.lesion, "nothing is deleted that the step does not name"
    other = STEP.replace('"resnet20"', '"resnet56"')
    assert read_lesson(file_of(tmp_path, GOOD + other)).steps[1].setting.weights == ""


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named_with_one_sentence(kind: str, tmp_path: Path) -> None:
    before, after, fragment = BROKEN[kind]
    assert before in GOOD
    assert fragment in sentence_of(file_of(tmp_path, GOOD.replace(before, after, 1)))


def test_the_step_is_named(tmp_path: Path) -> None:
    assert "mine.toml, step 2: " in sentence_of(file_of(tmp_path, GOOD + STEP.replace("to = 90", "to = -1")))


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in sentence_of(path)
    path.write_text("a = " + "[" * 100_000, encoding="utf-8")
    assert sentence_of(path)
    path.write_text("# " + "x" * 300_000, encoding="utf-8")
    assert "larger" in sentence_of(path)
    path.write_text(f"title = {'9' * 5000}", encoding="utf-8")
    assert sentence_of(path)
    path.unlink()
    assert "can't be read" in sentence_of(path)


def test_broken_files_are_named_and_the_others_work(tmp_path: Path) -> None:
    file_of(tmp_path, GOOD, "good.toml")
    file_of(tmp_path, GOOD.replace("to = 90", ""), "broken.toml")
    file_of(tmp_path, "no lesson", "notes.txt")
    (tmp_path / "folder.toml").mkdir()
    found = find_lessons([tmp_path, tmp_path / "nowhere"])
    assert [lesson.name for lesson in found.lessons] == ["good"]
    (error,) = found.refusals
    assert "broken.toml, step 1" in str(error)


def test_a_file_of_ones_own_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    file_of(tmp_path, GOOD, "3-deleting.toml")
    lessons = {lesson.name: lesson for lesson in find_lessons([BUNDLED, tmp_path]).lessons}
    assert len(lessons) == 5
    assert lessons["3-deleting"].title == "One block"
    file_of(tmp_path, "title = 3", "3-deleting.toml")
    found = find_lessons([BUNDLED, tmp_path])
    assert {lesson.name: lesson for lesson in found.lessons}["3-deleting"].title == "Deleting blocks"
    assert len(found.refusals) == 1


def test_finding_a_lesson_by_name(tmp_path: Path) -> None:
    assert find_lesson("3-deleting", [BUNDLED]).name == "3-deleting"
    assert find_lesson("3", [BUNDLED]).name == "3-deleting"
    assert find_lesson(str(file_of(tmp_path, GOOD)), [BUNDLED]).title == "One block"
    for name in ("9", "", "nothing"):
        with pytest.raises(UserError, match="1-shortcuts, 2-degradation"):
            find_lesson(name, [BUNDLED])


def test_damaged_copies_of_the_bundled_files_give_sentences_only(tmp_path: Path) -> None:
    draw = random.Random(5)
    refused = 0
    for source in sorted(BUNDLED.glob("*.toml")):
        text = source.read_text(encoding="utf-8")
        for _ in range(20):
            path = file_of(tmp_path, damaged(text, draw))
            try:
                read_lesson(path)
            except UserError:
                refused += 1
                sentence_of(path)
    assert refused > 40, "most of the damage is found"


def damaged(text: str, draw: random.Random) -> str:
    """A line lost, doubled, cut short, or with another value; a word misspelt; the end missing."""
    lines = text.splitlines()
    place = draw.randrange(len(lines))
    line = lines[place]
    kind = draw.randrange(6)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, line)
    elif kind == 2:
        lines[place] = line[: draw.randrange(len(line) + 1)]
    elif kind == 3:
        values = ["3", '"x"', "[]", "{}", "true", "nan", "-1", "1e400", "2020-01-01", "[[1]]"]
        keys = [number for number, each in enumerate(lines) if re.match(r"[a-z]+ = [^\"]", each)]
        place = draw.choice(keys)
        lines[place] = lines[place].partition(" = ")[0] + " = " + draw.choice(values)
    elif kind == 4:
        at = draw.randrange(len(line) + 1)
        lines[place] = line[:at] + draw.choice("abc{}[]\"'=#.ü\\") + line[at + 1 :]
    else:
        lines = lines[:place]
    return "\n".join(lines)


def test_which_choice_is_right() -> None:
    question = Question("?", "x", choices=(Choice("a", 1.0), Choice("b", 10.0), Choice("c")))
    assert [question.right(value) for value in (-5, 0.99, 1, 9, 10, 1e300)] == [0, 0, 1, 1, 2, 2]
    assert question.right(float("nan")) == question.right(float("inf")) == -1


def test_figures_in_words() -> None:
    assert written("percent", 94.251) == "94.3 %"
    assert written("percent", 28.54, 2) == "28.54 %"
    assert written("points", -0.8) == "−0.8 points"
    assert written("points", -0.04) == "0.0 points"
    assert written("points", 1.0, 0) == "1 point"
    assert written("count", 269434) == "269,434"
    assert written("count", 2**54) == "18,014,398,509,481,984"
    assert written("count", 1e18) == "1.0 × 10¹⁸"
    assert [number_of("times", value) for value in (5.24e-8, 0.0, 0.32, 0.976, 1.04, 34.9, 14367, 2e6)] == [
        "5.2 × 10⁻⁸", "0", "0.32", "0.98", "1.0", "35", "14,000", "2.0 × 10⁶",
    ]  # fmt: skip
    assert number_of("times", 0.976, 1) == "1.0"
    assert [number_of("percent", value) for value in (float("nan"), float("inf"), -float("inf"))] == [
        "not a number", "∞", "−∞",
    ]  # fmt: skip
    assert filled("It loses {lost} of { all }.", {"lost": "3 points"}) == "It loses 3 points of …."


HUGE = """
[[steps.figures]]
name = "paths"
measure = "paths"
network = "resnet6146"

[[steps.figures]]
name = "more"
measure = "difference"
of = "paths"
minus = "blocks"
form = "percent"

[[steps.figures]]
name = "rest"
measure = "difference"
of = "more"
minus = "paths"

[[steps.figures]]
name = "share"
measure = "ratio"
of = "blocks"
over = "paths"

[[steps.figures]]
name = "each"
measure = "ratio"
of = "paths"
over = "blocks"
"""


def test_counts_that_no_float_holds(tmp_path: Path) -> None:
    answer = "It loses {lost} of {paths}, {more}, {rest}, {share}, {each}."
    step = read_lesson(file_of(tmp_path, GOOD.replace("It loses {lost}.", answer) + HUGE)).steps[0]
    found = known_figures(step)
    paths = 2**3072  # two ways at each of 3 x 1024 blocks
    assert [found[name].value for name in ("paths", "more", "rest", "share")] == [paths, paths - 9, -9, 0]
    assert found["each"].value == pytest.approx(paths // 9, abs=1)
    assert str(paths).startswith("580")
    assert len(str(paths)) == 925
    words = written_figures(step, found)
    assert [words[name] for name in ("paths", "more", "rest", "share", "each")] == [
        "5.8 × 10⁹²⁴", "5.8 × 10⁹²⁴ %", "−9.0 points", "0", "6.5 × 10⁹²³",
    ]  # fmt: skip
    assert number_of("times", -paths, 2) == "−5.8 × 10⁹²⁴"
    few = Question("?", "paths", choices=(Choice("few", 1e308), Choice("more")))
    assert [few.right(value) for value in (-paths, 3, paths)] == [0, 0, 1]
    assert number_of("count", 2**54 * 100, 1) == "1.8 × 10¹⁸"


def test_numbers_that_stand_in_a_sentence_are_told(tmp_path: Path) -> None:
    assert loose_numbers("He et al. 2015, section 4.1 with Fig. 5(a) and Table 6: ResNet-56, MLP-20-64, layer2.1") == []
    assert loose_numbers("two 3x3 convolutions and {lost}, 17 of 54, half of them, 0.45 %") == [
        "two", "17", "54", "half", "0.45",
    ]  # fmt: skip
    lesson = read_lesson(file_of(tmp_path, GOOD.replace("It loses {lost}", "It loses {lost}, or 3")))
    assert [str(remark) for remark in remarks(lesson)] == ["step 1: “3” stands in a sentence and is not measured"]


def test_the_readme_lists_every_measure_and_what_it_is_told() -> None:
    text = (BUNDLED / "README.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ")]
    for name, measure in MEASURES.items():
        row = next(row for row in rows if f"`{name}`" in row.split("|")[1])
        assert measure.at_once == ("†" in row.split(" | ")[0]), name
    told = {key for measure in MEASURES.values() for key in measure.takes}
    assert [key for key in told if f"`{key}`" not in text] == []


def test_the_readmes_example_is_a_lesson(tmp_path: Path) -> None:
    text = (BUNDLED / "README.md").read_text(encoding="utf-8")
    example = text.split("```toml")[1].split("```")[0]
    assert read_lesson(file_of(tmp_path, example)).steps[0].asked.measure == "points_lost"


def test_measured_is_kept_apart_from_what_was_expected() -> None:
    assert Measured("x", 3.0).low is None
