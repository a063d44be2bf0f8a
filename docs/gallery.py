"""Makes the gallery: every figure from the samples, with the lines that drew it.

    uv run python docs/gallery.py

writes ``docs/gallery.md`` and one picture for each entry into ``docs/figures``.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOCS = Path(__file__).parent
FIGURES = DOCS / "figures"
COLOURS = 96
"""Of a picture: figures are flat, and so are small."""

OPENING = (
    "Made by `uv run python docs/gallery.py` from the simulated runners of the samples; nobody ran this. "
    "Each figure takes `ax=` to draw into axes of yours, and `lang=` for English or Dutch."
)

PRELUDE = """\
import loadlens as ll

log = ll.sample("overload")
found = ll.assess(log)
"""


class Entry(NamedTuple):
    """One figure: what its picture is called, what it shows, and the lines that draw it; the last gives the axes."""

    name: str
    title: str
    says: str
    code: str


ENTRIES = [
    Entry(
        "timeline",
        "The timeline",
        "Everything recorded over one axis of time; the strip at the head of a lane shows when a rule stood outside.",
        "ll.plot_timeline(found)",
    ),
    Entry(
        "guidance",
        "The guidance, week by week",
        "One row for each rule, also for those that cannot be assessed: silence would look like safety.",
        "ll.plot_guidance(found)",
    ),
    Entry(
        "rule",
        "One rule",
        "Its value day by day, its limits and whose numbers they are.",
        'll.plot_rule(found, "two_week_volume")',
    ),
    Entry(
        "rule_nl",
        "The same in Dutch",
        "Every figure takes lang; numbers, dates and units follow.",
        'll.plot_rule(found, "resting_heart_rate", lang="nl")',
    ),
    Entry(
        "activity",
        "One run",
        "Pace, heart rate, cadence and height along its distance, and what the rules saw in it.",
        'run = log.runs["activity"].iloc[-1]\nll.plot_activity(log, run, found=found)',
    ),
    Entry(
        "cadence",
        "Cadence at the same speed",
        "Steady minutes and runs, the runner's own line, and the drift of the last runs.",
        "ll.plot_cadence(found)",
    ),
    Entry(
        "sheet",
        "A section of the guidance sheet",
        "Every statement of the page, what the log says about it, and what research says about it.",
        'diary = ll.assess(ll.sample("diary"))\nll.plot_sheet(diary, section="Waarschuwingssignalen")',
    ),
    Entry(
        "calendar",
        "The calendar",
        "What is known of each day. This runner left the watch in a drawer three times; those days are unknown.",
        'll.plot_calendar(ll.sample("unworn_watch"))',
    ),
    Entry(
        "plan",
        "How far the next run and week can go",
        "The most that keeps each rule quiet; the first limit stands above.",
        "planned = ll.plan(log, found.guidance)\nll.plot_plan(planned, found.guidance)",
    ),
    Entry(
        "budget",
        "How often each rule speaks",
        "Alarms a year on this log, and on the same days in another order.",
        "counts = ll.budget(log, found.guidance)\nll.plot_budget(counts, found.guidance)",
    ),
]


def run_prelude() -> dict[str, object]:
    """Run the lines that stand above all entries; return the names they made."""
    names: dict[str, object] = {}
    exec(compile(PRELUDE, "gallery", "exec"), names)
    return names


def draw(entry: Entry, names: dict[str, object]) -> Axes:
    """Run the lines of an entry and return the axes that the last one gives."""
    *before, last = entry.code.splitlines()
    exec(compile("\n".join(before), entry.name, "exec"), names)
    return eval(compile(last, entry.name, "eval"), names)


def save(ax: Axes, path: Path) -> None:
    """Save the figure of axes as a small picture."""
    from PIL import Image

    stream = io.BytesIO()
    ax.get_figure(root=True).savefig(stream, format="png", dpi=88, bbox_inches="tight", pad_inches=0.15)
    image = Image.open(stream).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def write_page() -> str:
    """Return the page of the gallery."""
    parts = [
        "# Gallery",
        OPENING,
        f"```python\n{PRELUDE}```",
    ]
    for entry in ENTRIES:
        parts += [
            f"## {entry.title}",
            entry.says,
            f"```python\n{entry.code}\n```",
            f"![{entry.title}](figures/{entry.name}.png)",
        ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Draw every entry and write the page."""
    import matplotlib as mpl

    mpl.use("agg")
    names = run_prelude()
    for entry in ENTRIES:
        path = FIGURES / f"{entry.name}.png"
        save(draw(entry, names), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    (DOCS / "gallery.md").write_text(write_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
