"""The house stands: arrows point down, nothing goes round, data stays out of code."""

from __future__ import annotations

import ast
import graphlib
import tomllib
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "loadlens"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}

# From the ground up. A module may import only from floors below its own.
FLOORS = [
    # the ground: knows of nothing
    {"displays"},
    {"words", "log", "windows", "packing", "guidance_blocks", "intervals", "simulators.simulated_runs"}
    | {"formats.cells", "formats.fit_parts", "formats.fit_profile"}
    | {"formats.local_time", "formats.recordings", "formats.gait"},
    {"diary_words"} | {"notebook_folder"},
    # studies of injuries: their numbers, and splits
    {"studies.exposure_rules", "pain_starts"},
    {"studies.cohort_splits", "studies.diary_follow_up"},
    {"studies.missingness"},
    {"studies.leak_audit"},
    # measures, and the parts of formats
    {"load_bounds", "recovery", "run_minutes", "diary_days", "shoe_wear"}
    | {"coverage", "simulation", "diary_shoes", "twins"}
    | {"matching", "precedence", "local_days", "decode_cache"}
    | {"formats.source", "formats.moments", "formats.export_profiles"}
    | {"formats.fit_definitions", "formats.fit_values", "formats.fit_sessions"},
    {"running_form", "intensity", "training_load", "pain", "pain_rest", "self_care"}
    | {
        "simulators.simulated_apps",
        "simulators.simulated_diary",
        "simulators.simulated_fit",
        "simulators.simulated_platforms",
        "simulators.simulated_tracks",
    }
    | {"containers", "ledger_words", "formats.sheets", "formats.totals"}
    | {"run_parts", "daily_sources"}
    | {"formats.markup", "formats.delimited", "formats.json_records", "formats.trackpoints"}
    | {"formats.garmin_layout", "formats.strava_layout"}
    | {"formats.fit_walk", "formats.fit_derived", "formats.fit_tables", "formats.fit_wellness"},
    {"performance", "formats.apple_stream"},
    # what may be shared of a log, and of many
    {"studies.deidentification", "studies.disclosure"},
    {"measures", "formats.apple_records"},
    {"formats.apple_days"},
    # what runners were exposed to, day by day, and tables of it
    {"studies.daily_exposures"},
    {"studies.at_risk", "simulators.simulated_injuries"},
    {"studies.exposure_tables", "studies.case_crossover_tables"},
    {
        "rules",
        "merging",
        "simulators.simulated_accounts",
        "simulators.simulated_sessions",
        "simulators.simulated_tables",
    }
    | {"formats.list_checks", "formats.fit_messages", "formats.account_parts", "formats.record_times"}
    | {
        "formats.row_layout",
        "formats.stacked_tables",
        "formats.diary_entries",
        "formats.profile_files",
        "formats.apple_workouts",
    }
    | {"formats.tcx", "formats.gpx", "formats.track_pieces"},
    # what lists do not say
    {"formats.evidence", "formats.strava_evidence", "formats.unknown_tables"}
    | {"formats.account_records", "formats.sleep_records", "formats.sampled_sessions"},
    # the formats, the joining of what they read, and the guidance
    {
        "assembly",
        "guidance",
        "signals",
        "simulators.simulated_apple",
        "formats.tabular",
        "formats.apple_health",
        "formats.fit",
        "formats.tracks",
        "formats.garmin_account",
    }
    | {"formats.platform_accounts", "formats.polar_flow", "formats.polar_account", "formats.stryd"},
    # where both wings meet
    {"files", "samples", "findings", "drawing.figure_style"} | {"guidance_text"},
    # how much a finding says, and how far it lets a runner go
    {"alarm_budget", "backtesting", "hypothetical_runs", "comeback"},
    {"planning", "robustness"} | {"rule_trials"},
    # many logs at once
    {"studies.cohort_tables"},
    {"studies.cohort_exposures"},
    {"studies.participants", "studies.cohort_pool", "studies.cohort_staging"},
    {"studies.cohort_tasks"} | {"studies.cohort_csv"},
    {"studies.cohort_manifest"},
    {"studies.cohort_counts", "studies.cohort_summary"},
    # what the timeline is made of
    {"drawing.lane_parts"},
    {"drawing.episode_marks", "drawing.shoe_lane", "drawing.diary_lanes"},
    # one run, the guidance statement by statement, an episode in sentences
    {"guidance_sheet", "drawing.run_trace", "drawing.run_findings", "drawing.form_points"} | {"episodes", "tallies"},
    # drawing and telling
    {"drawing.lanes", "drawing.day_grid", "report_sections", "source_checks", "simulators.simulated_exports"},
    {"drawing.timeline"} | {"simulators.simulated_cohort"},
    {"figures", "drawing.rate_figure", "drawing.plan_figure", "studies.cohort_figures"},
    {"drawing.activity_figure", "drawing.cadence_figure", "drawing.sheet_figure"},
    {"summaries", "letters", "page_figures", "paper"},
    {"reports"} | {"exploration"},
    {"studies.cohort_report"},
    {"cohort"},
    {"cli"},
]


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imported(path: Path, *, lazy: bool) -> set[str]:
    """Modules of loadlens that a file imports, at the top or (lazy) also inside functions; types only are no import."""
    tree = parse(path)
    typing = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    only_types = {id(inner) for node in typing for inner in ast.walk(node)}
    nodes = (node for node in (ast.walk(tree) if lazy else tree.body) if id(node) not in only_types)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("loadlens"):
            base = node.module.removeprefix("loadlens").strip(".")
            for alias in node.names:
                name = f"{base}.{alias.name}".strip(".")
                found.add(name if name in MODULES else base)
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("loadlens.") for a in node.names if a.name.startswith("loadlens.")}
    return found & set(MODULES)


def test_every_module_has_a_floor():
    assert {name for floor in FLOORS for name in floor} >= set(MODULES)


def test_imports_at_the_top_of_a_module_point_down():
    height = {name: level for level, floor in enumerate(FLOORS) for name in floor}
    upward = [
        f"{name} imports {other}"
        for name, path in MODULES.items()
        for other in imported(path, lazy=False)
        if height[other] >= height[name]
    ]
    assert upward == []


def test_there_is_no_import_cycle():
    graph = {name: imported(path, lazy=False) for name, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def test_only_displays_reach_up_and_only_when_asked():
    """Log, assessment, guidance and rule show themselves, and the log its recordings; nothing else reaches up."""
    height = {name: level for level, floor in enumerate(FLOORS) for name in floor}
    upward = {
        f"{name} -> {other}"
        for name, path in MODULES.items()
        for other in imported(path, lazy=True) - imported(path, lazy=False)
        if height[other] >= height[name]
    }
    assert upward <= {"displays -> summaries", "log -> samples", "findings -> drawing.timeline"}


@pytest.mark.parametrize("path", list(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_can_be_read_whole(path: Path):
    assert len(path.read_text("utf-8").splitlines()) <= 420, "about 350 lines is what a reader holds in mind"


def test_no_module_bears_the_name_of_a_public_function():
    functions = {
        node.name
        for path in MODULES.values()
        for node in parse(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert functions & {name.rpartition(".")[2] for name in MODULES} == set()


@pytest.mark.parametrize("path", sorted((PACKAGE / "data").rglob("*.toml")), ids=lambda p: p.name)
def test_data_files_are_sound(path: Path):
    assert tomllib.loads(path.read_text("utf-8"))


def test_nothing_asks_what_day_it_is():
    clocks = {"today", "now", "utcnow"}
    asked = [
        f"{name}: {node.attr}"
        for name, path in MODULES.items()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and node.attr in clocks
    ]
    assert asked == []
