"""A letter of one page for a physiotherapist: what was recorded, what stands outside the guidance now, what is unknown.

Every list and every sentence has a limit, so that the letter stays on its page; what is left out is counted, and stands
in the appendix. Nothing is computed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from loadlens import words
from loadlens.diary_days import split_tags
from loadlens.diary_words import name_tag
from loadlens.report_sections import not_assessable_now, outside_now, red_flags, summary
from loadlens.tallies import tally_weeks

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.log import RunningLog

PAIN, WEEKS = 5, 6
"""Rows of the two tables, which stand side by side."""

LONGEST = {"finding": 190, "name": 60, "pain": 56, "rules": 130}
"""Characters a finding or reason, a name, a place of pain and a list of rules may take."""

LINES, LETTERS = 19, 88
"""Lines of the page that the lists share, and letters on a line."""

KEPT = {"flags": 8, "outside": 4, "unknown": 0}
"""Lines each list leaves to those after it; red flags come first, then what stands outside the guidance."""

GRAVE = ("doctor", "emergency")
"""Levels whose rows stand in a box, which takes a line."""

Section = dict[str, Any]


def write_letter(found: Assessment, lang: str = "en", name: str | None = None) -> Section:
    """Return what the letter says, unescaped.

    Parameters
    ----------
    found : Assessment
        What `assess` returns.
    lang : {"en", "nl"}
        Language.
    name : str, optional
        Of the runner. A log holds no names, so none is given when left out.

    Returns
    -------
    dict
        name; head (as `report_sections.summary`); runs (how many, with their unit); weeks (as `tallies.tally_weeks`);
        recorded (sentences); flags, outside, pain and unknown (lists); more (how many of each are left out, in words,
        or empty); flags_known (as `known` of `report_sections.red_flags`); diary (whether
        there is one).
    """
    pain, red = _tell_pain(found.log, lang), red_flags(found, lang)
    lists = {
        "flags": [_clip_row(row) for row in red["now"]],
        "outside": [_clip_row(row) for row in outside_now(found, lang)],
        "unknown": [_clip_group(row, lang) for row in not_assessable_now(found, lang)],
    }
    shown, free = {}, LINES
    for key, rows in lists.items():
        shown[key], used = _fit(rows, free - KEPT[key])
        free -= used
    return {
        "name": clip(name, LONGEST["name"]) if name else "",
        "head": summary(found, lang),
        "runs": words.quantity(float(len(found.log.runs)), "runs", lang),
        "weeks": tally_weeks(found.log, WEEKS, lang),
        "recorded": _tell_recorded(found.log, lang),
        **shown,
        "pain": pain[:PAIN],
        "more": {
            **{key: _tell_more("more", len(rows) - len(shown[key]), lang) for key, rows in lists.items()},
            "pain": _tell_more("earlier", len(pain) - PAIN, lang),
        },
        "flags_known": red["known"],
        "diary": bool(len(found.log.diary)),
    }


def _fit(rows: list[Section], lines: int) -> tuple[list[Section], int]:
    """Return as many rows from the first as so many lines hold, at least one, and the lines they take."""
    taken = 0
    for place, row in enumerate(rows):
        needed = -(-sum(len(str(text)) for text in row.values()) // LETTERS) + (row.get("level") in GRAVE)
        if place and taken + needed > lines:
            return rows[:place], taken
        taken += needed
    return rows, taken


def clip(text: str, most: int) -> str:
    """Return a text that is at most so long; three dots stand where it was cut.

    Parameters
    ----------
    text : str
        What may be too long.
    most : int
        Characters.
    """
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _clip_row(row: Section) -> Section:
    short = {"name": clip(row["name"], LONGEST["name"]), "finding": clip(row["finding"], LONGEST["finding"])}
    return {**short, "level": row["level"], "since": row["since"]}


def _clip_group(row: Section, lang: str) -> Section:
    """Give a reason as of another than the reader, and as many rules as there is room for."""
    of_others = f"cohort_reasons.{row['key']}"
    reason = words.say(of_others, lang) if words.knows(of_others) else row["reason"]
    return {"reason": clip(reason, LONGEST["finding"]), "rules": _list_some(row["rules"], LONGEST["rules"], lang)}


def _list_some(names: list[str], most: int, lang: str) -> str:
    """List whole names, at least one, as many as so many characters hold, and count the rest."""
    said = "; ".join(names)
    for shown in range(len(names) - 1, 0, -1):
        if len(said) <= most:
            break
        count = words.number(float(len(names) - shown), lang)
        said = words.say("letter.names_more", lang, names="; ".join(names[:shown]), count=count)
    return said


def _tell_more(key: str, count: int, lang: str) -> str:
    one = f"letter.{key}_one"
    said = one if count == 1 and words.knows(one) else f"letter.{key}"
    return words.say(said, lang, count=words.number(float(count), lang)) if count > 0 else ""


def _tell_recorded(log: RunningLog, lang: str) -> list[str]:
    """Say of each kind of thing a physiotherapist would ask for how much of it was recorded."""
    nights = log.wellness
    counts = {
        "minutes": float(log.runs["activity"].isin(log.minutes["activity"]).sum()),
        "heart": float(nights[["rhr_day", "rhr_7d", "rhr_sleep"]].notna().any(axis=1).sum()),
        "sleep": float(nights["sleep"].notna().sum()),
        "shoes": float(len(log.gear)),
        "diary": float(len(log.diary)),
    }
    return [words.say(f"letter.recorded_{key}", lang, count=words.number(n, lang)) for key, n in counts.items()]


def _tell_pain(log: RunningLog, lang: str) -> list[Section]:
    """Return the entries of pain, the newest first: day, how bad, where, and what the runner wrote."""
    entries = _pain(log)
    entries = entries[entries["value"].ne(0)].sort_values("date", ascending=False)  # an entry without a number is pain
    return [
        {
            "date": words.date(row["date"], lang),
            "value": words.quantity(float(row["value"]), "0-10", lang) if pd.notna(row["value"]) else words.MISSING,
            "where": clip("; ".join(_tell_place(row, lang)), LONGEST["pain"]),
        }
        for row in entries.to_dict("records")
    ]


def _pain(log: RunningLog) -> pd.DataFrame:
    return log.diary[(log.diary["kind"] == "pain") & log.diary["date"].notna()]


def _tell_place(row: dict[Any, Any], lang: str) -> list[str]:
    """Return where it hurt, when and how, and what else was written."""
    side = [words.say(f"sides.{side}", lang) for side in _keep(row["side"])]
    tags = [name_tag(tag, lang) for tag in sorted(split_tags("".join(_keep(row["tags"]))))]
    return [*filter(None, [" ".join([*_keep(row["site"]), *side])]), *tags, *_keep(row["note"])]


def _keep(value: Any) -> list[str]:
    """Return a cell as a list of one text, or of none where it is empty."""
    return [str(value).strip()] if pd.notna(value) and str(value).strip() else []
