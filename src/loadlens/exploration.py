"""Trying limits of a rule on a log: move one and see at once what it would say and how often it would alarm.

With ipywidgets a board of labelled numbers and sliders; without it the same answers as a figure and a table. Nothing
here judges: the limits move, and findings answer.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from loadlens import words
from loadlens.drawing.figure_style import rows_of, styled
from loadlens.episodes import tell_steady
from loadlens.figures import plot_rule
from loadlens.guidance import GuidanceError
from loadlens.guidance_text import tell_moves, write_rule
from loadlens.rule_trials import (
    FIXED_LEVELS,
    count_alarms,
    find_reach,
    judge_again,
    list_movable,
    move_limits,
    try_limits,
)
from loadlens.rules import Bound
from loadlens.summaries import SIGNS, templates

if TYPE_CHECKING:
    from loadlens.findings import Assessment
    from loadlens.rules import Rule

SIZE = (9.5, 3.3)
"""Of the figure [inch]."""

WIDE = {"description_width": "17em"}


def explore(found: Assessment, rule: str | None = None, lang: str = "en") -> Any:
    """Try other limits of a rule on a log: what it would say, and how many alarms a year it would raise.

    Every control has a label and can be used with the keyboard alone: Tab goes from one to the next, the arrows move a
    limit, and it can be typed. The measures are not taken anew, so that an answer comes at once.

    Parameters
    ----------
    found : Assessment
        What `assess` returns. It does not change.
    rule : str, optional
        Id of the rule to begin with; the one that stands highest on the last day when left out. The board can go to
        any other that has a limit to move.
    lang : {"en", "nl"}
        Language.

    Returns
    -------
    ipywidgets.VBox or StillView
        The board. Without ipywidgets the figure of the rule, and a table of where its limits could stand and how often
        it would alarm there.

    Raises
    ------
    GuidanceError
        The guidance has no such rule, or none with a limit that can be moved.
    """
    movable = [name for name in found.details if list_movable(found.guidance.rules[name])]
    if rule is not None and rule not in movable:
        raise GuidanceError(f"{found.guidance.key}: rule {rule!r} has no limit to move; these have: {movable}")
    if not movable:
        raise GuidanceError(f"{found.guidance.key}: no rule has a limit to move; explore() needs one")
    words.say("explore.rule", lang)  # refuses an unknown language before anything is built
    first = rule or _gravest(found, movable)
    if find_spec("ipywidgets") is None:
        return StillView(found, first, lang, try_limits(found, first, steps=5))
    return _Board(found, movable, first, lang).box


def _gravest(found: Assessment, movable: list[str]) -> str:
    """Choose the rule that stands highest on the last day; of several the one with most alarms."""
    rows = found.rules[found.rules["rule"].isin(movable)]
    ordered = rows.assign(code=rows["level"].cat.codes).sort_values(["code", "alarms"], kind="stable")
    return str(ordered["rule"].iloc[-1])


# ---------------------------------------------------------------- what is shown
def crop(found: Assessment, first: pd.Timestamp, last: pd.Timestamp) -> Assessment:
    """Return what an assessment says of a stretch of days, to look at it closely; nothing is judged anew."""

    def within(table: pd.DataFrame) -> pd.DataFrame:
        inside = table[(table["end"] >= first) & (table["start"] <= last)]
        starts, ends = inside["start"], inside["end"]
        return inside.assign(start=starts.where(starts >= first, first), end=ends.where(ends <= last, last))

    days = found.log.days
    return replace(
        found,
        log=replace(found.log, days=days[days["date"].between(first, last)].reset_index(drop=True)),
        days=found.days[found.days["date"].between(first, last)],
        episodes=within(found.episodes),
        alarms=within(found.alarms),
    )


def _picture(found: Assessment, rule: str, lang: str) -> Markup:
    """Draw a rule as an image that says in words what it shows."""
    stream = io.BytesIO()
    with styled():
        figure = Figure(figsize=SIZE)
        plot_rule(found, rule, figure.add_axes((0.06, 0.24, 0.72, 0.52)), lang)
        figure.savefig(stream, format="png", dpi=96, pil_kwargs={"compress_level": 1})
    name = found.guidance.rules[rule].words[lang]["name"]
    said = f"{words.say('report.rule_alt', lang, name=name)}. {found.tell(rule, lang=lang)}"
    image = base64.b64encode(stream.getvalue()).decode()
    return Markup('<img style="max-width:100%" alt="{}" src="data:image/png;base64,{}">').format(said, image)


def _numbers(found: Assessment, rule: str, date: pd.Timestamp, lang: str) -> list[str]:
    """Say of one way of judging: the level on a day, days outside, alarms, alarms a year."""
    counted = count_alarms(found, rule)
    level = found.days.loc[(found.days["rule"] == rule) & (found.days["date"] == date), "level"].iloc[0]
    assessed = found.rules.set_index("rule")["days_assessable"][rule]
    shown = {name: words.number(float(counted[name]), lang, 1) for name in ("per_year", "low", "high")}
    if counted["reason"]:
        rate = words.say(f"budget.no_twins_{counted['reason']}", lang)
    else:
        rate = words.say("explore.rate", lang, **shown)
    outside = words.number(float(counted["days_outside"]), lang)
    return [
        words.say(f"levels.{level}", lang),
        words.say("explore.days_of", lang, outside=outside, days=words.number(float(assessed), lang)),
        words.number(float(counted["alarms"]), lang),
        rate,
    ]


def _verdict(found: Assessment, tried: Assessment, rule: str, span: tuple[Any, Any], lang: str) -> str:
    """Lay what the guidance's limits say beside what those set here say."""
    spec, last = found.guidance.rules[rule], span[1]
    names = [
        words.say("explore.level_on", lang, date=words.date(last, lang)),
        *(words.say(f"explore.{name}", lang) for name in ("days_outside", "alarms", "per_year")),
    ]
    columns = [_numbers(one, rule, last, lang) for one in (found, tried)]
    alarms = [_tell_alarms(crop(one, *span), rule, lang) for one in (found, tried)]
    rows = [*zip(names, *columns, strict=True), (words.say("explore.episodes", lang), *alarms)]
    moved = tell_moves(spec, tried.guidance.rules[rule], found.guidance.key, lang)
    steady = None if spec.alarms_per_year is None else tell_steady(spec.alarms_per_year, lang)
    lines = [tried.tell(rule, last, lang), moved]
    if steady:
        lines.append(f"{steady} {words.say('explore.steady_moved', lang)}" if moved else steady)
    if set(FIXED_LEVELS) & set(spec.levels):
        lines.append(words.say("explore.red_flags", lang))
    return templates().get_template("explore.html.j2").render(
        lang=lang,
        caption=f"{spec.words[lang]['name']}: {spec.words[lang]['asks']}",
        intro="",
        heads=["", words.say("explore.published", lang, guidance=found.guidance.key), words.say("explore.here", lang)],
        rows=rows,
        lines=[line for line in (*lines, words.say("explore.no_claim", lang)) if line],
    )  # fmt: skip


def _tell_alarms(found: Assessment, rule: str, lang: str) -> str:
    rows = found.alarms[found.alarms["rule"] == rule]
    told = [
        words.say(
            "explore.episode",
            lang,
            level=words.say(f"levels_short.{row.level}", lang),
            start=words.date(row.start, lang),
            end=words.date(row.end, lang),
        )
        for row in rows_of(rows)
    ]
    return "; ".join(told) or words.say("explore.none", lang)


def _name_limit(rule: Rule, bound: Bound, lang: str) -> str:
    """Name a limit by its level, column, sign and the unit it is shown in."""
    unit = words.axis_unit(rule.units[bound.column], lang)[0]
    level = words.say(f"levels_short.{bound.level}", lang)
    several = f" {bound.condition + 1}" if len(rule.levels[bound.level]) > 1 else ""
    return (
        f"{level}{several}: {words.name_limit(bound.column, lang)} {SIGNS[bound.bound]}{f' ({unit})' if unit else ''}"
    )


@dataclass(frozen=True, eq=False, repr=False)
class StillView:
    """What `explore` gives where there are no widgets.

    Attributes
    ----------
    found : Assessment
    rule, lang : str
    table : DataFrame
        What `try_limits` returns.
    """

    found: Assessment
    rule: str
    lang: str
    table: pd.DataFrame

    def __repr__(self) -> str:
        heads, rows = self._rows()
        lines = [words.say("explore.no_widgets", self.lang), " | ".join(heads), *(" | ".join(row) for row in rows)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads, rows = self._rows()
        hint, claim = words.say("explore.no_widgets", self.lang), words.say("explore.no_claim", self.lang)
        name = self.found.guidance.rules[self.rule].words[self.lang]["name"]
        shown = templates().get_template("explore.html.j2").render(
            lang=self.lang, intro=hint, caption=name, heads=heads, rows=rows, lines=[claim]
        )  # fmt: skip
        return f"{_picture(self.found, self.rule, self.lang)}{shown}"

    def _rows(self) -> tuple[list[str], list[tuple[str, ...]]]:
        spec, lang = self.found.guidance.rules[self.rule], self.lang
        rows = []
        for row in self.table.to_dict("records"):
            bound = Bound(row["level"], row["condition"], row["column"], row["bound"])
            limit = words.quantity(row["limit"], spec.units[bound.column], lang)
            own = f" ({words.say('explore.as_published', lang)})"
            shown = {name: words.number(float(row[name]), lang, 1) for name in ("per_year", "low", "high")}
            rate = words.say("explore.rate", lang, **shown)
            if row["reason"]:
                rate = words.say(f"budget.no_twins_{row['reason']}", lang)
            counts = (words.number(float(row[name]), lang) for name in ("days_at", "alarms"))
            level = words.say(f"levels_short.{bound.level}", lang)
            named = words.name_limit(bound.column, lang)
            told = f"{level}: {named} {SIGNS[bound.bound]} {limit}{own if row['published'] else ''}"
            rows.append((told, *counts, rate))
        heads = ("head_limit", "days_at", "alarms", "per_year")
        return [words.say(f"explore.{head}", lang) for head in heads], rows


# ---------------------------------------------------------------- the board
class _Board:
    """The controls of `explore`, and what follows from them."""

    def __init__(self, found: Assessment, movable: list[str], first: str, lang: str) -> None:
        import ipywidgets as widgets  # an extra: only who explores in a notebook needs it

        self.widgets, self.found, self.lang = widgets, found, lang
        names = [(found.guidance.rules[name].words[lang]["name"], name) for name in movable]
        self.rule = widgets.Dropdown(
            options=names, value=first, style=WIDE, description=words.say("explore.rule", lang),
            layout={"width": "40em"},
        )  # fmt: skip
        days = _stops(*found.log.span)
        self.period = widgets.SelectionRangeSlider(
            options=[(words.date(day, lang), day) for day in days], index=(0, len(days) - 1), style=WIDE,
            description=words.say("explore.period", lang), readout=False, layout={"width": "45em"},
        )  # fmt: skip
        self.span = widgets.Label()
        self.limits = widgets.VBox()
        self.back = widgets.Button(description=words.say("explore.back", lang), layout={"width": "auto"})
        self.keep = widgets.Checkbox(
            description=words.say("explore.keep", lang), indent=False, layout={"width": "auto"}
        )
        self.verdict, self.picture = widgets.HTML(), widgets.HTML()
        self.text = widgets.Textarea(rows=18, layout={"width": "100%"})
        how = widgets.HTML(Markup("<p>{}</p>").format(words.say("explore.keep_how", lang)))
        self.kept = widgets.VBox([how, self.text], layout={"display": "none"})
        head = widgets.HTML(Markup("<b>{}</b>").format(words.say("explore.limits", lang)))
        self.box = widgets.VBox(
            [
                self.rule,
                widgets.HBox([self.period, self.span]),
                head,
                self.limits,
                self.back,
                self.picture,
                self.verdict,
                self.keep,
                self.kept,
            ]
        )
        self.numbers: dict[Bound, Any] = {}
        self.still = False
        self.rule.observe(self._choose, "value")
        self.period.observe(self._answer, "value")
        self.keep.observe(self._answer, "value")
        self.back.on_click(self._put_back)
        self._choose()

    def _choose(self, _: Any = None) -> None:
        """Give the chosen rule its limits."""
        spec = self.found.guidance.rules[self.rule.value]
        rows = {bound: self._control(spec, bound) for bound in list_movable(spec)}
        self.numbers = {bound: number for bound, (number, _) in rows.items()}
        self.limits.children = tuple(row for _, row in rows.values())
        self._answer()

    def _control(self, spec: Rule, bound: Bound) -> tuple[Any, Any]:
        """Give the number of a limit, and the row in which a slider moves it too."""
        factor = words.axis_unit(spec.units[bound.column], self.lang)[1]
        low, high, step = (number * factor for number in find_reach(self.found, spec, bound))
        reach = {"min": low, "max": high, "step": step, "value": bound.of(spec) * factor}
        # the number has the label: a screen reader does not hear the one of a slider
        number = self.widgets.BoundedFloatText(
            **reach, description=_name_limit(spec, bound, self.lang), style=WIDE, layout={"width": "24em"}
        )  # fmt: skip
        slider = self.widgets.FloatSlider(**reach, readout=False, layout={"width": "28em"})
        self.widgets.link((number, "value"), (slider, "value"))
        number.observe(self._answer, "value")
        return number, self.widgets.HBox([number, slider])

    def _put_back(self, _: Any = None) -> None:
        spec = self.found.guidance.rules[self.rule.value]
        self.still = True  # one answer when all are back, not one for each
        for bound, number in self.numbers.items():
            number.value = bound.of(spec) * words.axis_unit(spec.units[bound.column], self.lang)[1]
        self.still = False
        self._answer()

    def _moved(self) -> Rule:
        """Give the rule with the limits that are set; one that was not moved is exactly the guidance's."""
        spec = self.found.guidance.rules[self.rule.value]
        limits = {}
        for bound, number in self.numbers.items():
            factor = words.axis_unit(spec.units[bound.column], self.lang)[1]
            same = abs(number.value - bound.of(spec) * factor) < 1e-9
            limits[bound] = bound.of(spec) if same else round(number.value / factor, 9)
        return move_limits(spec, limits)

    def _answer(self, _: Any = None) -> None:
        """Judge by the limits that are set, and show what follows."""
        if self.still:
            return
        name, moved = self.rule.value, self._moved()
        tried = judge_again(self.found, moved)
        first, last = self.period.value
        shown = (words.date(day, self.lang) for day in (first, last))
        self.span.value = words.say("log.span", self.lang, **dict(zip(("first", "last"), shown, strict=True)))
        self.verdict.value = _verdict(self.found, tried, name, (first, last), self.lang)
        self.picture.value = str(_picture(crop(tried, first, last), name, self.lang))
        self.kept.layout.display = "" if self.keep.value else "none"
        self.text.value = write_rule(self.found.guidance, moved) if self.keep.value else ""


def _stops(first: pd.Timestamp, last: pd.Timestamp) -> list[pd.Timestamp]:
    """Give the days a period may begin or end on: all of a short log, the Mondays of a long one, and both ends."""
    every = pd.date_range(first, last, freq="D" if (last - first).days <= 60 else "W-MON")
    return sorted({first, *every, last})
