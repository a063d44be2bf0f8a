"""Show the figures of a run: as text on the terminal, as a page with a figure in the docs."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from benchmarks.overload_bench.changes import NIGHT_STARTS
from benchmarks.overload_bench.targets import burden_of, check_targets, pick

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {
    "ten_percent": "week > 1.1 × last week",
    "week_of_four": "week > 1.3 × mean of 4, + 5 km",
    "acwr_coupled": "acute:chronic 7:28 > 1.5",
    "acwr_uncoupled": "acute:chronic 7:21 uncoupled > 1.5",
    "acwr_ewma": "acute:chronic EWMA > 1.5",
    "mean_plus_5": "one night > mean + 5 bpm",
    "raw_cadence": "cadence of 14 days < 28 before − 3",
    "efficiency_drop": "speed/heart rate of 14 days −3 %",
}
"""What naive rules are called in tables; rules of loadlens keep their id."""

LABELS = {
    "longest_run": "longest run",
    "two_week_volume": "two weeks",
    "resting_heart_rate": "last 5 days",
    "cadence": "at equal speed",
    "ten_percent": "10 % week",
    "week_of_four": "mean of 4 weeks",
    "acwr_coupled": "7:28",
    "acwr_uncoupled": "7:21",
    "acwr_ewma": "EWMA",
    "mean_plus_5": "mean + 5",
    "raw_cadence": "raw",
}
"""What rules are called in the figure."""

NAIVE_SUITE = ("ten_percent", "mean_plus_5", "raw_cadence", "efficiency_drop")
"""One naive rule for each thing that is watched: what someone hears who uses them all."""

PANELS = [  # scenario, variant, window, heading
    ("volume_40", "weekly_cv 0.25", 21, "+40 % a week, found in 21 days"),
    ("one_run_1.6", "weekly_cv 0.25", 1, "one run of 1.6×, the same day"),
    ("resting_heart_rate_5", "device smooth", 14, "resting heart rate +5, in 14 days"),
    ("cadence_4", "residual 3.0", 42, "cadence −4 at equal speed, in 42 days"),
]


def as_text(found: dict[str, Any]) -> str:
    """Tables of a run as plain text."""
    parts = [
        _scope(found),
        target_table(found),
        burden_table(found),
        result_table(found, quiet=False),
        result_table(found, quiet=True),
        real_tables(found),
        time_line(found),
    ]
    return "\n\n".join(part for part in parts if part)


def _scope(found: dict[str, Any]) -> str:
    scope = found["scope"]
    return (
        f"{scope['reported']} steady runners of seeds B, {scope['runner_years']:.0f} runner-years after a warm-up of "
        f"{scope['warm_up_days']} days; changes planted in {scope['planted']} of them, "
        f"those of resting heart rate in {NIGHT_STARTS} weeks of each; thresholds swept on {scope['tuned']} others, "
        f"seeds A. Guidance {found['guidance']}."
    )


def _table(rows: list[list[str]]) -> str:
    """Markdown table, columns padded so that it reads as text too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _interval(entry: dict[str, float]) -> str:
    return f"{entry['value']:.2f} ({entry['low']:.2f} to {entry['high']:.2f})"


def burden_table(found: dict[str, Any]) -> str:
    """Alarms a runner-year of every rule, on steady runners, novices and streakers."""
    rows = [["rule", "watch a year", "act a year", "days a year", "not assessable", "novices", "every day a run"]]
    everyone = found["all_rules"]
    together = [
        f"{everyone[f'{level}_per_runner_year']:.2f} ({low:.2f} to {high:.2f})"
        for level in ("watch", "act")
        for low, high in [everyone[f"{level}_interval"]]
    ]
    rows.append(["all rules of loadlens together", *together, "", "", "", ""])
    suite = sum(burden_of(found, name)["watch_per_runner_year"]["value"] for name in NAIVE_SUITE)
    rows.append(["the naive rules marked * together", f"{suite:.2f}", "", "", "", "", ""])
    for entry in found["stable"]:
        if (entry["population"], entry["group"]) != ("steady", "all"):
            continue
        others = [
            f"{burden_of(found, entry['rule'], population=who)['watch_per_runner_year']['value']:.2f}"
            for who in ("novice", "streaker")
        ]
        act = _interval(entry["act_per_runner_year"]) if entry["kind"] == "loadlens" else ""
        rows.append([
            NAMES.get(entry["rule"], entry["rule"]) + " *" * (entry["rule"] in NAIVE_SUITE),
            _interval(entry["watch_per_runner_year"]), act,
            f"{entry['days_per_runner_year']:.0f}", f"{entry['not_assessable']:.0%}", *others,
        ])  # fmt: skip
    return _table(rows)


def result_table(found: dict[str, Any], *, quiet: bool) -> str:
    """Tell what rules find of planted changes, or say of events that should stay quiet."""
    rows = [["planted", "among", "days", "rule", "hit", "chance", "hit minus chance", "delay", "not assessable",
             "at 1 a year", "at 2 a year"]]  # fmt: skip
    for entry in found["results"]:
        told = "all" if quiet or entry["window_days"] == 1 else None
        if entry["quiet"] != quiet or (entry["variant"] == "all") != (told == "all"):
            continue
        delay = entry["median_delay_days"]
        moved = [f"{entry[f'at_{n}_per_year']['hit']:.2f} ({entry[f'at_{n}_per_year']['chance']:.2f})" for n in (1, 2)]
        rows.append([
            entry["what"], entry["variant"].replace("_", " "), str(entry["window_days"]),
            NAMES.get(entry["rule"], entry["rule"]), f"{entry['hit']:.2f}", f"{entry['chance']:.2f}",
            _interval(entry["hit_minus_chance"]), "" if delay is None else f"{delay:g}",
            f"{entry['not_assessable']:.0%}", *moved,
        ])  # fmt: skip
    return _table(rows)


def real_tables(found: dict[str, Any]) -> str:
    """Burden and hits on real series; empty where there were none."""
    if not found["real"]:
        return ""
    burden = [["rule", "years assessable", "watch a year", "act a year"]]
    burden += [
        [NAMES.get(e["rule"], e["rule"]), f"{e['assessable_years']:.1f}", _number(e["watch_per_year"]),
         _number(e["act_per_year"])]
        for e in found["real"]["burden"]
    ]  # fmt: skip
    hits = [["planted", "days", "rule", "assessable", "hit", "chance", "hit minus chance"]]
    hits += [
        [e["scenario"], str(e["window_days"]), NAMES.get(e["rule"], e["rule"]), f"{e['assessable']} of {e['planted']}",
         _number(e["hit"]), _number(e["chance"]), _interval(e["hit_minus_chance"]) if e["hit_minus_chance"] else ""]
        for e in found["real"]["results"]
    ]  # fmt: skip
    head = f"{found['real']['runners']} lists of runs and the nights of {found['real']['nights']} people:"
    return f"{head}\n\n{_table(burden)}\n\n{_table(hits)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def target_table(found: dict[str, Any]) -> str:
    """Table of what is aimed for and what was found."""
    rows = [["target", "found", "met"]]
    rows += [[e["target"], f"{e['found']:.2f}", "yes" if e["met"] else "no"] for e in check_targets(found)]
    return _table(rows)


def time_line(found: dict[str, Any]) -> str:
    """Say in one sentence how long assessing takes."""
    time = found["time"]
    counts = ", ".join(f"{count}: {seconds:.1f} s" for count, seconds in time["runners_seconds"].items())
    minutes = time["projected_1000_runners_seconds"] / 60
    return (
        f"Assessing ten years of one runner takes {time['ten_years_of_one_runner_seconds']:.2f} s of processor time; "
        f"runners in turn: {counts}; 1,000 runners would take {minutes:.0f} minutes."
    )


def write_page(found: dict[str, Any], docs: Path) -> Path:
    """Write `overload_bench.md`, its figure and its figures as JSON; returns the page."""
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    draw(found, docs / "figures" / "overload_bench.png")
    (docs / "overload_bench.json").write_text(json.dumps(_rounded(found), indent=1) + "\n", "utf-8")
    page = Template((Path(__file__).parent / "page.md").read_text("utf-8")).substitute(
        scope=_scope(found),
        targets=target_table(found),
        burden=burden_table(found),
        planted=result_table(found, quiet=False),
        quiet=result_table(found, quiet=True),
        real=real_tables(found) or "No real series were at hand in this run.",
        time=time_line(found),
    )
    path = docs / "overload_bench.md"
    path.write_text(page, "utf-8")
    return path


def _rounded(value: Any) -> Any:
    """Round what is committed: more digits than the intervals carry would only make noise."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw what is found against what it costs, one panel per kind of overload."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    figure = Figure(figsize=(8, 6.4), layout="constrained")
    for axes, panel in zip(figure.subplots(2, 2, sharey=True).flat, PANELS, strict=True):
        _draw_panel(axes, found, *panel)
    figure.supxlabel("alarms a runner-year on steady runners", fontsize=9)
    figure.supylabel("hit minus chance", fontsize=9)
    keys = [
        Line2D([], [], marker=marker, color=colour, markerfacecolor=face, linewidth=0, label=label)
        for marker, colour, face, label in (
            ("o", "#0072b2", "#0072b2", "loadlens"),
            ("s", "0.45", "white", "naive rules"),
        )
    ]
    figure.legend(handles=keys, loc="outside upper right", ncols=2, fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)


def _draw_panel(axes: Axes, found: dict[str, Any], scenario: str, variant: str, window: int, heading: str) -> None:
    rules = dict.fromkeys(e["rule"] for e in found["results"] if e["scenario"] == scenario)
    for name in rules:
        entry = pick(found, scenario, variant, window, name)
        if entry is None:
            continue
        cost = burden_of(found, name, variant)["watch_per_runner_year"]
        gain = entry["hit_minus_chance"]
        ours = entry["kind"] == "loadlens"
        colour = "#0072b2" if ours else "0.45"
        axes.errorbar(
            cost["value"], gain["value"],
            xerr=[[cost["value"] - cost["low"]], [cost["high"] - cost["value"]]],
            yerr=[[gain["value"] - gain["low"]], [gain["high"] - gain["value"]]],
            fmt="o" if ours else "s", color=colour, markerfacecolor=colour if ours else "white", markersize=6,
            linewidth=0.8,
        )  # fmt: skip
        axes.annotate(LABELS[name], (cost["value"], gain["value"]), textcoords="offset points", clip_on=False,
                      xytext=(5, -12 if ours else 6), fontsize=8, color=colour)  # fmt: skip
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.set_title(heading, fontsize=9, loc="left")
    axes.set_xlim(0, 10.5)
    axes.set_ylim(-0.25, 1.1)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
