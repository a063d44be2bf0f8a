"""The report of a cohort counts what the tables hold, tells no small group, and is the same each time."""

from __future__ import annotations

import csv
import json
import math
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import loadlens
from cohorts import Member, build_failed, build_member, write_tables
from loadlens.formats.source import UnreadableFile
from loadlens.intervals import clustered_rate_interval, rate_interval
from loadlens.studies import cohort_report
from loadlens.studies.cohort_counts import count_cohort
from loadlens.studies.cohort_figures import plot_alarm_rates, plot_coverage
from loadlens.studies.cohort_summary import FLAGS, SPREADS, lay_out_weeks, sum_up
from loadlens.words import LANGUAGES, knows

RULE = "resting_heart_rate"
YEAR = 365.25


def many(count: int, *, alarms: int = 0, alarmed: int = 0, assessable: int = 100) -> list[Member]:
    """Participants of a hundred days, some of whom had alarms."""
    return [
        build_member(
            f"P{n:03d}",
            "run rest " * 50,
            [(RULE, "not_assessable", 100 - assessable, "no_data")] * (assessable < 100)
            + [(RULE, "ok", assessable, "")],
            [RULE] * (alarms if n < alarmed else 0),
        )
        for n in range(count)
    ]


def told(members: list[Member], out: Path, *, hide: bool = False) -> dict:
    return sum_up(count_cohort(write_tables(out, members)), hide=hide)


# ---------------------------------------------------------------- counting
def test_days_alarms_and_years_are_added_up_over_participants(tmp_path):
    one = build_member(
        "a", "run rest unknown unknown", [(RULE, "ok", 3, ""), (RULE, "not_assessable", 1, "no_data")], [RULE]
    )
    other = build_member("b", "run run", [(RULE, "watch", 1, ""), (RULE, "act", 1, "")], [RULE, RULE])
    counts = count_cohort(write_tables(tmp_path, [one, other, build_failed("c")], per_part=1))
    row = counts.rules.to_dict("records")[0]
    assert (row["rule"], row["offered"], row["participants"], row["days"], row["days_assessable"]) == (RULE, 2, 2, 6, 5)
    assert (row["alarms"], row["alarmed"]) == (3, 2)
    assert row["per_year"] == pytest.approx(3 / (5 / YEAR))
    assert counts.reasons.to_numpy().tolist() == [[RULE, "no_data", 1, 1]]
    assert counts.participants["gap"].tolist()[:2] == [2, 0]


def test_a_participant_counts_the_same_however_the_tables_are_parted(tmp_path):
    whole = told(many(7, alarms=2, alarmed=3, assessable=60), tmp_path / "a")
    written = write_tables(tmp_path / "b", many(7, alarms=2, alarmed=3, assessable=60), per_part=2)
    assert sum_up(count_cohort(written), hide=False) == whole


def test_weeks_are_counted_from_the_first_day_and_the_last_may_be_short(tmp_path):
    states = "run " * 7 + "run rest unknown unknown unknown unknown unknown " + "rest unknown"
    counts = count_cohort(write_tables(tmp_path, [build_member("a", states)]))
    np.testing.assert_allclose(counts.weeks["a"], [1, 2 / 7, 1 / 2])


def test_a_cohort_in_which_nobody_could_be_read_has_no_numbers_and_no_error(tmp_path):
    summary = told([build_failed("a"), build_failed("b")], tmp_path)
    assert summary["participants"] == {"found": 2, "assessed": 0, "failed": 2}
    assert summary["rules"] == []
    assert summary["coverage"]["spread"] == dict.fromkeys(SPREADS)


@pytest.mark.parametrize("hide", [True, False])
@pytest.mark.parametrize("members", [[build_failed("a")], [build_member("a", "unknown")], many(1), many(6)])
def test_the_smallest_cohorts_have_a_page_too(tmp_path, members, hide):
    page, numbers, _ = cohort_report.write(write_tables(tmp_path, members, deidentified=hide))
    assert page.read_text("utf-8").rstrip().endswith("</html>")
    assert "NaN" not in numbers.read_text("utf-8")


def test_an_unfinished_cohort_is_refused(tmp_path):
    with pytest.raises(UnreadableFile, match="no finished cohort"):
        cohort_report.write(tmp_path)


@pytest.mark.parametrize(
    ("flag", "member"),
    [
        ("files_damaged", build_member("x", "run " * 100, files=["read", "damaged"])),
        ("files_damaged", build_member("x", "run " * 100, files=["unreadable"])),
        ("short_span", build_member("x", "run " * 90)),
        ("no_runs", build_member("x", "rest " * 100)),
        ("mostly_unknown", build_member("x", "run " * 49 + "unknown rest " * 1 + "unknown " * 50)),
        ("long_gap", build_member("x", "run " * 100 + "unknown " * 28 + "run " * 100)),
        ("units_inferred", build_member("x", "run " * 100, ledger=["unit_inferred"])),
        ("clock_unsure", build_member("x", "run " * 100, ledger=["times_without_zone"])),
        ("list_cut_off", build_member("x", "run " * 100, ledger=["probably_cut_off"])),
        ("several_people", build_member("x", "run " * 100, ledger=["several_people"])),
        ("maker_changed", build_member("x", "run " * 100, ledger=["wellness_maker_changed"])),
    ],
)
def test_a_flag_names_the_participant_it_applies_to_and_no_other(tmp_path, flag, member):
    summary = told([build_member("calm", "run rest " * 50), member], tmp_path)
    raised = {row["flag"]: row["listed"] for row in summary["flags"] if row["participants"]}
    assert raised[flag] == ["x"]
    assert set(raised) <= {flag, "mostly_unknown", "long_gap"}  # fifty unknown days on end are both


def test_a_gap_of_27_days_and_a_span_of_91_raise_no_flag(tmp_path):
    summary = told([build_member("x", "run " * 64 + "unknown " * 27)], tmp_path)
    assert [row["flag"] for row in summary["flags"] if row["participants"]] == []


def test_participants_with_the_same_files_are_named_together(tmp_path):
    members = [build_member(name, "run " * 100, content=what) for name, what in (("a", "1"), ("b", "2"), ("c", "1"))]
    summary = told(members, tmp_path)
    assert next(row for row in summary["flags"] if row["flag"] == "same_content")["listed"] == ["a", "c"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_reason_speaks_to_a_runner_in_a_report_for_researchers(lang):
    reasons = tomllib.loads((Path(loadlens.__file__).parent / "data/words.toml").read_text("utf-8"))
    said = {reason: cohort_report._say_reason(reason, lang) for reason in reasons["reasons"]}
    assert {r for r, text in said.items() if re.search(r"\b(you|your|je|jouw|jou)\b", text)} == set()
    assert set(reasons["cohort_reasons"]) <= set(reasons["reasons"])


def test_every_flag_has_words():
    assert all(knows(f"cohort_flags.{flag}") for flag in FLAGS)


# ---------------------------------------------------------------- intervals
def test_the_interval_of_people_who_differ_by_hand():
    # 2 + 0 + 4 + 2 alarms in a year each: rate 2, residuals 0, -2, 2, 0; variance of the logarithm
    # 4/3 * 8 / 8**2 = 1/6; Student's t with 3 degrees 3.1824: exp(3.1824 * 0.40825) = 3.667
    low, high = clustered_rate_interval(np.array([2.0, 0, 4, 2]), np.ones(4))
    assert (low, high) == (pytest.approx(2 / 3.667, rel=1e-3), pytest.approx(2 * 3.667, rel=1e-3))


def test_the_interval_is_never_narrower_than_that_of_independent_alarms():
    alike = clustered_rate_interval(np.full(50, 2.0), np.ones(50))  # no spread at all between people
    assert alike == rate_interval(100, 50)
    assert clustered_rate_interval(np.zeros(10), np.ones(10)) == rate_interval(0, 10)


def test_from_one_person_there_is_no_interval_and_without_time_nobody_counts():
    assert all(map(math.isnan, clustered_rate_interval(np.array([3.0]), np.array([2.0]))))
    assert all(map(math.isnan, clustered_rate_interval(np.array([3.0, 0.0]), np.array([2.0, 0.0]))))


@pytest.mark.parametrize("many", [101, 1001])
def test_many_alarms_are_counted_as_few_are(many):
    low, high = clustered_rate_interval(np.full(many, 1.0), np.ones(many))
    exact = rate_interval(many, many)
    assert (low, high) == (pytest.approx(exact[0], rel=1e-3), pytest.approx(exact[1], rel=1e-3))


def test_the_interval_holds_the_truth_where_people_differ_and_the_exact_one_does_not():
    """Forty people with gamma rates (mean 2, variance 4) over one to two years, four hundred times."""
    rng = np.random.default_rng(20260101)
    clustered, exact = [], []
    for _ in range(400):
        times = rng.uniform(1, 2, 40)
        events = rng.poisson(rng.gamma(1.0, 2.0, 40) * times).astype(float)
        clustered.append(clustered_rate_interval(events, times))
        if len(exact) < 60:
            exact.append(rate_interval(int(events.sum()), times.sum()))
    assert 0.92 <= np.mean([low <= 2 <= high for low, high in clustered]) <= 0.98
    assert np.mean([low <= 2 <= high for low, high in exact]) < 0.80


# ---------------------------------------------------------------- what may be told
def test_a_rule_that_spoke_in_four_participants_is_told_without_numbers(tmp_path):
    row = told(many(40, alarms=3, alarmed=4), tmp_path, hide=True)["rules"][0]
    assert (row["participants"], row["alarmed"]) == (40, "<5")
    assert [row[name] for name in ("alarms", "per_year", "low", "high")] == [None] * 4
    assert row["years"] == pytest.approx(4000 / YEAR, abs=1e-3)


def test_a_rule_that_spoke_in_five_or_in_nobody_is_told_whole(tmp_path):
    row = told(many(40, alarms=3, alarmed=5), tmp_path / "five", hide=True)["rules"][0]
    assert (row["alarmed"], row["alarms"]) == (5, 15)
    row = told(many(40), tmp_path / "none", hide=True)["rules"][0]
    assert (row["alarmed"], row["alarms"], row["per_year"], row["low"]) == (0, 0, 0, 0)


def test_a_rule_that_all_but_three_could_be_assessed_by_does_not_tell_of_the_three(tmp_path):
    members = many(40, alarms=1, alarmed=37)
    for member in members[37:]:
        member["tables"]["episodes"] = [{"rule": RULE, "level": "not_assessable", "days": 100, "reason": "no_data"}]
    row = told(members, tmp_path, hide=True)["rules"][0]
    assert row["participants"] == ">35"
    assert row["alarmed"] is None  # 37 would be all who are left
    assert row["reasons"] == [{"reason": "no_data", "share": None}]


def test_shares_of_days_that_are_told_do_not_add_up_to_one_that_is_not(tmp_path):
    lacking = [(RULE, "not_assessable", 60, "no_data"), (RULE, "not_assessable", 40, "no_diary")]
    members = [build_member(f"P{n:03d}", "run rest " * 50, lacking) for n in range(37)]
    members += many(3)  # the only ones who could be assessed
    for number, member in enumerate(members):
        member["name"] = f"P{number:03d}"
    row = told(members, tmp_path, hide=True)["rules"][0]
    assert (row["participants"], row["share_assessable"]) == ("<5", None)
    assert row["reasons"] == [{"reason": "no_data", "share": 0.555}, {"reason": "no_diary", "share": None}]


def test_a_small_group_that_failed_takes_the_total_with_it(tmp_path):
    summary = told([*many(40), build_failed("x"), build_failed("y")], tmp_path, hide=True)
    assert summary["participants"] == {"found": None, "assessed": 40, "failed": "<5"}
    assert [row["participants"] for row in summary["failures"]] == [None]


def test_a_cohort_smaller_than_the_smallest_group_tells_nothing(tmp_path):
    summary = told(many(4, alarms=1, alarmed=4), tmp_path, hide=True)
    assert summary["participants"]["assessed"] == "<5"
    assert {value for name, value in summary["coverage"].items() if name != "spread"} == {None}
    row = summary["rules"][0]
    assert {row[name] for name in row if name not in ("rule", "reasons")} == {None}
    assert all(row["participants"] is None for row in summary["flags"])


def test_quartiles_need_five_participants_in_each_quarter(tmp_path):
    assert told(many(19), tmp_path / "few", hide=True)["coverage"]["spread"] == dict.fromkeys(SPREADS)
    spread = told(many(20), tmp_path / "enough", hide=True)["coverage"]["spread"]
    assert spread["known"] == [1, 1, 1]
    assert spread["runs_per_week"] == [3.5, 3.5, 3.5]


@pytest.mark.parametrize("hide", [True, False])
def test_nobody_is_named_in_what_is_shared_and_small_groups_are_exact_in_what_is_not(tmp_path, hide):
    members = [*many(30, alarms=2, alarmed=3), build_member("ZQX-short", "run"), build_failed("ZQX-failed")]
    content = ""
    for path in cohort_report.write(write_tables(tmp_path, members, deidentified=hide)):
        content += path.read_text("utf-8")
    assert ("ZQX" in content) is not hide
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert summary["deidentified"] is hide
    assert summary["participants"]["failed"] == ("<5" if hide else 1)
    assert next(row for row in summary["rules"] if row["rule"] == RULE)["alarmed"] == ("<5" if hide else 3)


# ---------------------------------------------------------------- the figure of coverage
def test_each_row_is_a_participant_with_most_known_above(tmp_path):
    members = [build_member("poor", "unknown " * 14), build_member("rich", "run " * 7)]
    shares, per_row, per_column = lay_out_weeks(count_cohort(write_tables(tmp_path, members)), hide=False)
    np.testing.assert_array_equal(shares, [[1, np.nan], [0, 0]])
    assert (per_row, per_column) == (1, 1)


def test_in_what_is_shared_each_place_of_the_figure_stands_for_five_or_more(tmp_path):
    members = [build_member(f"{n}", "run " * (7 if n < 6 else 14)) for n in range(11)]
    shares, per_row, _ = lay_out_weeks(count_cohort(write_tables(tmp_path, members)), hide=True)
    assert shares.shape == (2, 2)
    assert per_row == 6
    np.testing.assert_array_equal(shares, [[1, np.nan], [1, 1]])  # of the first row nobody has a second week


def test_a_span_of_years_has_several_weeks_to_a_column_and_no_more_columns_than_can_be_seen(tmp_path):
    members = [build_member("a", ("run " * 7 + "unknown " * 7) * 130)]
    shares, _, per_column = lay_out_weeks(count_cohort(write_tables(tmp_path, members)), hide=False)
    assert (shares.shape, per_column) == ((1, 130), 2)
    np.testing.assert_array_equal(shares, np.full((1, 130), 0.5))


# ---------------------------------------------------------------- figures
@pytest.fixture
def ax():
    return Figure(figsize=(6, 4), layout="constrained").add_subplot()


def test_figures_return_their_axes_and_leave_no_setting_behind(tmp_path, ax):
    rules = told(many(10, alarms=1, alarmed=7), tmp_path)["rules"]
    before = dict(mpl.rcParams)
    assert plot_alarm_rates(rules, {RULE: "Rust"}, ax, "nl") is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Rust"]
    other = Figure(layout="constrained").add_subplot()
    assert plot_coverage(np.array([[1, 0.5], [0, np.nan]]), 2, 1, other, "nl") is other
    assert dict(mpl.rcParams) == before


def test_the_dot_stands_at_the_rate_and_the_line_from_end_to_end(tmp_path, ax):
    row = told(many(10, alarms=1, alarmed=7), tmp_path)["rules"][0]
    plot_alarm_rates([row], {RULE: "r"}, ax)
    line, dot = ax.get_lines()
    assert list(line.get_xdata()) == [row["low"], row["high"]]
    assert list(dot.get_xdata()) == [pytest.approx(7 / (1000 / YEAR), abs=1e-4)]


def test_a_rule_that_may_not_be_told_has_a_sentence_instead_of_a_dot(tmp_path, ax):
    row = told(many(40, alarms=3, alarmed=4), tmp_path, hide=True)["rules"][0]
    plot_alarm_rates([row], {RULE: "r"}, ax)
    assert list(ax.get_lines()) == []
    assert [text.get_text() for text in ax.texts] == ["in fewer than 5 participants"]
    assert ax.get_title(loc="left") == "Alarms a runner-year"


# ---------------------------------------------------------------- the page
class Page(HTMLParser):
    """What a page holds of tables, links and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("hide", [True, False])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_stands_alone_and_can_be_read_aloud(tmp_path, lang, hide):
    members = [*many(30, alarms=1, alarmed=9, assessable=80), build_failed("x"), build_member("y", "unknown " * 200)]
    text = cohort_report.write(write_tables(tmp_path, members, deidentified=hide), lang)[0].read_text("utf-8")
    page = Page(text)
    assert dict(page.tags[0][1]) == {"lang": lang}
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert re.findall(r"https?://", text.replace("http://www.w3.org/", "")) == []
    scopes = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert all(attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg")


def test_what_comes_from_names_and_files_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    members = [build_member(evil), build_failed("b", evil, evil)]
    text = cohort_report.write(write_tables(tmp_path, members))[0].read_text("utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_dutch_numbers_have_a_comma(tmp_path):
    text = cohort_report.write(write_tables(tmp_path, many(10, alarms=1, alarmed=7)), "nl")[0].read_text("utf-8")
    assert "2,56" in text  # 7 alarms in 1000 days
    assert "2.56" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


def test_the_same_tables_give_the_same_bytes(tmp_path):
    members = many(12, alarms=1, alarmed=6)
    once, again = (
        [path.read_bytes() for path in cohort_report.write(write_tables(tmp_path / name, members))] for name in "ab"
    )
    assert once == again


def test_the_table_for_machines_has_every_number_of_the_summary(tmp_path):
    out = write_tables(tmp_path, many(12, alarms=1, alarmed=6))
    cohort_report.write(out, "nl")
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["section"], row["of"], row["measure"]): row["value"] for row in csv.DictReader(file)}
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    rule = summary["rules"][0]
    assert rows["participants", "", "assessed"] == "12"
    assert {name: rows["rules", RULE, name] for name in rule if name not in ("rule", "reasons")} == {
        name: str(value) for name, value in rule.items() if name not in ("rule", "reasons")
    }
    assert len([key for key in rows if key[0] == "flags"]) == len(FLAGS)
    assert "unfinished" not in " ".join(path.name for path in out.iterdir())
