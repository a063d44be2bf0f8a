"""Tables that cannot be read: known ones that must not be, and unknown ones with what their headings come near to."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache

from loadlens import words
from loadlens.formats import delimited
from loadlens.formats.cells import plain
from loadlens.formats.profile_files import all_profiles, all_refusals
from loadlens.formats.source import UnreadableFile

WIDEST = 500
"""Cells beyond which a record is no heading; the widest export known has 103."""

MOST_LABELS, MOST_NEAR, MOST_ALIKE = 40, 8, 4
"""Headings, resemblances, and exports with the same headings, that the sentence on an unknown table names."""


def refuse_known(name: str, text: str) -> None:
    """Raise for tables that look like a known export and are none, e.g. weekly means.

    Parameters
    ----------
    name : str
        What the error calls the file.
    text : str
        Its beginning.

    Raises
    ------
    UnreadableFile
        With the reason that the export's profile gives.
    """
    for delimiter in delimited.likely_delimiters(text):
        for _, cells in delimited.first_records(text, delimiter, 5):
            labels = {plain(cell) for cell in cells}
            for refusal in all_refusals():
                if len(labels & set(refusal.labels)) >= refusal.least:
                    raise UnreadableFile("refused", where=name, why=refusal.why)


def explain_unknown(text: str) -> dict[str, dict[str, str]]:
    """Return in each language which headings are unknown, which are known, what they resemble, what was looked for.

    Parameters
    ----------
    text : str
        The beginning of the table.

    Returns
    -------
    dict of str to dict
        Placeholder of the sentence ``errors.headings_unknown`` -> language -> text. Of the exports only those are named
        that have most of the headings.
    """
    delimiter = delimited.likely_delimiters(text)[0]
    records = [cells for _, cells in delimited.first_records(text, delimiter, 5)]
    cells = max(records, key=_count_words, default=[])[:WIDEST]
    labels = [cell.strip()[:60] for cell in cells if cell.strip()]
    unknown = [label for label in labels if not any(profile.explain(label) for profile in all_profiles())]
    near = [{"label": label} | like for label in unknown[:MOST_LABELS] if (like := _find_nearest(plain(label)))]
    known = Counter(profile.id for label in labels for profile in all_profiles() if profile.explain(label))
    known.update(profile.id for one in near for profile in all_profiles() if one["alias"] in profile.lookup)
    alike = sorted(all_profiles(), key=lambda profile: -known[profile.id])[:MOST_ALIKE]
    told: dict[str, dict[str, str]] = {"unknown": {}, "known": {}, "near": {}, "looked": {}}
    for lang in words.LANGUAGES:
        told["unknown"][lang] = _list(unknown, lang)
        told["known"][lang] = _list([label for label in labels if label not in unknown], lang)
        close = [words.say("error_parts.close", lang, **one) for one in near[:MOST_NEAR]]
        told["near"][lang] = "; ".join(close) or words.say("error_parts.none", lang)
        looked = "; ".join(
            words.say("error_parts.looked", lang, export=one.names[lang], least=one.least) for one in alike
        )
        others = len(all_profiles()) - len(alike)
        told["looked"][lang] = words.say("error_parts.more", lang, shown=looked, count=others)
    return told


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return what each known heading means, in the last of the exports that have it."""
    return {
        alias: {"alias": alias, "column": profile.fields[hits[0][0]].column, "export": profile.id}
        for profile in all_profiles()
        for alias, hits in profile.lookup.items()
    }


@lru_cache(maxsize=4096)  # an archive has the same unknown headings in table after table
def _find_nearest(label: str) -> dict[str, str] | None:
    """Return what the known heading means that a heading resembles most; None when it resembles none."""
    return next((_meanings()[alias] for alias in difflib.get_close_matches(label, _meanings(), n=1, cutoff=0.75)), None)


def _count_words(cells: Sequence[str]) -> int:
    """Count the cells that may be headings: a row of data below may have more cells, but mostly numbers."""
    return sum(any(sign.isalpha() for sign in cell) for cell in cells)


def _list(labels: Sequence[str], lang: str) -> str:
    shown = ", ".join(map(repr, labels[:MOST_LABELS])) or words.say("error_parts.none", lang)
    more = len(labels) - MOST_LABELS
    return words.say("error_parts.more", lang, shown=shown, count=more) if more > 0 else shown
