"""Show the figures of a run: as text on the terminal, as a page with a figure in the docs."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Any

from benchmarks.fit_readers.summary import CLASSES

TASK_NAMES = {"records": "records", "all three": "records + sessions + laps"}


def as_text(found: dict[str, Any]) -> str:
    """Tables of a run as plain text."""
    return "\n\n".join(
        [
            _scope(found),
            *(f"{TASK_NAMES[task]}: times the time of loadlens\n{speed_table(found, task)}" for task in TASK_NAMES),
            reading_table(found),
            target_table(found),
        ]
    )


def _scope(found: dict[str, Any]) -> str:
    scope = found["scope"]
    return (
        f"{found['files']} files, {found['bytes'] / 1e6:.1f} MB; {found['whole']} of them, {scope['rounds']} rounds; "
        f"slow readers: {found['subset']} files of all sizes, up to {scope['slow_rounds']} rounds. {found['machine']}."
    )


def _table(rows: list[list[str]]) -> str:
    """Markdown table, columns padded so that it reads as text too."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def speed_table(found: dict[str, Any], task: str) -> str:
    """Ratios by reader and size class: median over the rounds and, behind it, the extremes."""
    rows = [["reader", *CLASSES]]
    for name, entry in found["readers"].items():
        if name == "loadlens":
            continue
        if "missing" in entry:
            rows.append([f"{name} {entry['version']}", "not installed", *[""] * (len(CLASSES) - 1)])
            continue
        cells = [_ratio(found["ratios"][name][task][label]) for label in CLASSES]
        rows.append([f"{name} {entry['version']}", *cells])
    return _table(rows)


def _ratio(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return "none read"
    digits = 0 if entry["median"] >= 20 else 1 if entry["median"] >= 10 else 2
    return f"{entry['median']:.{digits}f} ({entry['least']:.{digits}f} to {entry['most']:.{digits}f})"


def reading_table(found: dict[str, Any]) -> str:
    """Files read and refused, counts, memory and import time by reader."""
    rows = [["reader", "files read", "refused, and with what", "counts as ours", "peak memory", "import"]]
    for name, entry in found["readers"].items():
        if "missing" in entry:
            rows.append([f"{name} {entry['version']}", "not installed", entry["missing"], "", "", ""])
            continue
        reasons = ", ".join(f"{kind} {count}" for kind, count in sorted(entry["reasons"].items()))
        peak, seconds = entry["memory"], entry["import_seconds"]
        rows.append([
            f"{name} {entry['version']}", f"{entry['read']} of {entry['offered']}",
            "; ".join(filter(None, [reasons or "none", entry["given_up"]])), f"{entry['equal']} of {entry['read']}",
            f"{peak['median']:.1f} x (most {peak['most']:.1f})" if peak else "not measured",
            f"{1000 * seconds:.0f} ms" if seconds is not None else "not measured",
        ])  # fmt: skip
    return _table(rows)


def target_table(found: dict[str, Any]) -> str:
    """Table of what is aimed for and what was found."""
    words = {True: "yes", False: "no", None: "not measured"}
    rows = [["target", "found", "met"]]
    rows += [
        [row["target"], "" if row["found"] is None else f"{row['found']:.2f}", words[row["met"]]]
        for row in found["targets"]
    ]
    return _table(rows)


def write_page(found: dict[str, Any], docs: Path) -> Path:
    """Write `fit_readers.md` and its figure; returns the page."""
    (docs / "figures").mkdir(parents=True, exist_ok=True)
    draw(found, docs / "figures" / "fit_readers.png")
    page = Template((Path(__file__).parent / "page.md").read_text("utf-8")).substitute(
        scope=_scope(found),
        records=speed_table(found, "records"),
        all_three=speed_table(found, "all three"),
        reading=reading_table(found),
        targets=target_table(found),
        differences=(Path(__file__).parent / "differences.md").read_text("utf-8").strip(),
        record_speed=f"{found['speed']['records']:.0f}",
        all_speed=f"{found['speed']['all three']:.0f}",
        classes=", ".join(f"{label}: {count}" for label, count in found["classes"].items()),
    )
    path = docs / "fit_readers.md"
    path.write_text(page, "utf-8")
    return path


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw ratios by reader, for files of 200 records and more, spread over the rounds as bars."""
    from matplotlib.figure import Figure

    label = "200 and more"
    names = [name for name in found["ratios"] if name != "loadlens" and found["ratios"][name]["records"][label]]
    names.sort(key=lambda name: found["ratios"][name]["records"][label]["median"])
    figure = Figure(figsize=(7, 0.42 * len(names) + 1.4), layout="constrained")
    axes = figure.subplots()
    for shift, marker, (task, words) in zip((-0.12, 0.12), "os", TASK_NAMES.items(), strict=True):
        for place, name in enumerate(names):
            entry = found["ratios"][name][task][label]
            if entry is None:
                continue
            reach = [[entry["median"] - entry["least"]], [entry["most"] - entry["median"]]]
            axes.errorbar(
                entry["median"], place + shift, xerr=reach, fmt=marker, color="black" if marker == "o" else "#0072b2",
                markersize=5, capsize=2, label=words if not place else None,
            )  # fmt: skip
            axes.annotate(
                f"{entry['median']:.3g}",
                (entry["most"], place + shift),
                textcoords="offset points",
                xytext=(4, -3),
                fontsize=7,
            )
    axes.set_yticks(range(len(names)), [f"{name} {found['readers'][name]['version']}" for name in names])
    axes.axvline(1, color="0.6", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(left=0.8)
    axes.margins(x=0.15)
    axes.set_xlabel("times the time of loadlens, files of 200 records and more")
    axes.legend(loc="lower right", frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
