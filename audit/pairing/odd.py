"""What is odd about the answers that count: another model, hidden tokens, an answer in the wrong field."""

from __future__ import annotations

import re

import polars as pl

from audit.core.note import AnswerNote, OddAnswers, summed

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._:/@+ -]")
LONGEST_NAME = 60


def odd_answers(calls: pl.DataFrame) -> tuple[OddAnswers, ...]:
    """The notes of some replayed calls, the most frequent first.

    Args:
        calls: Columns `notes` and `model_reported` of `schemas.REPLAYS`.
    """
    noted = calls.select("notes", "model_reported").explode("notes").drop_nulls("notes")
    others = noted.filter(pl.col("notes") == AnswerNote.OTHER_MODEL.value)["model_reported"].drop_nulls()
    models = tuple(_NOT_IN_A_NAME.sub("?", name)[:LONGEST_NAME] for name in others.unique().sort())
    return summed(
        [
            OddAnswers(note=note, answers=answers, models=models if note is AnswerNote.OTHER_MODEL else ())
            for note, answers in ((AnswerNote(row[0]), row[1]) for row in noted["notes"].value_counts().iter_rows())
        ]
    )
