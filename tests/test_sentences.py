"""Sentences: plain strings for everyone, with their template and values for who translates."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import pytest

from explorer.engine.records import Step
from explorer.sentences import Joined, Sentence

NOTE = Sentence("{title} is out of memory, so this ran on the CPU.", title="NVIDIA {H200} 100%")
COUNT = Sentence("{count:,} of {whole} left out.", count=12345, whole=Sentence("all {kind}", kind="pictures"))
BOTH = Joined(" ", [NOTE, COUNT, "{plain}"])


def test_a_sentence_is_its_english_text() -> None:
    assert NOTE == "NVIDIA {H200} 100% is out of memory, so this ran on the CPU."
    assert COUNT == "12,345 of all pictures left out."
    assert hash(NOTE) == hash(str(NOTE))
    assert json.loads(json.dumps({"note": NOTE})) == {"note": str(NOTE)}
    assert f"{NOTE}" == str(NOTE)
    assert not Sentence("")


def test_a_sentence_keeps_what_it_was_made_of() -> None:
    assert COUNT.template == "{count:,} of {whole} left out."
    assert COUNT.values == {"count": 12345, "whole": "all pictures"}
    assert isinstance(COUNT.values["whole"], Sentence)


def test_a_template_without_values_may_hold_braces() -> None:
    assert Sentence("What {is} that?") == "What {is} that?"


def test_joined_sentences_stay_apart() -> None:
    assert f"{NOTE} {COUNT} {{plain}}" == BOTH
    assert BOTH.parts == (NOTE, COUNT, "{plain}")
    assert Joined(", ", iter(["a", "b"])) == "a, b"
    assert not Joined(" ", [])


@pytest.mark.parametrize(
    "text", [NOTE, COUNT, BOTH, Sentence("What {is} that?")], ids=["note", "count", "both", "bare"]
)
def test_copies_are_the_same_to_the_last_part(text: str) -> None:
    copies = [copy.copy(text), copy.deepcopy(text), replace(Step(None, text), fraction=0.5).text]
    copies += [pickle.loads(pickle.dumps(text, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for other in copies:
        assert type(other) is type(text)
        assert other == text
        assert vars(other) == vars(text)
