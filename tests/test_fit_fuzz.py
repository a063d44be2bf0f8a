"""Damaged and hostile FIT files: only UnreadableFile escapes, every row is accounted, time and memory stay small."""

from __future__ import annotations

import importlib
import struct
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import loadlens as ll
from loadlens.formats.fit_sessions import MOST_SESSIONS, find_label, find_timer_stops, read_column
from loadlens.formats.source import Reading, UnreadableFile
from test_fit import (
    NUMBERS,
    START,
    TYPES,
    activity,
    build,
    event,
    info,
    message,
    moment,
    parse,
    record,
    run,
    session,
    stamp,
)

pytestmark = pytest.mark.filterwarnings("error")
QUICK = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LAP = message("lap", (2, "I", stamp(START)), (9, "I", 36_000), (8, "I", 120_000), (17, "B", 85))
SLEEP = [moment("sleep_level", START, (0, "B", 2)), moment("event", START, (0, "B", 74), (1, "B", 0))]
SEEDS = (
    build(*run(30), LAP, session(START, 120, (9, "I", 36_000), (18, "B", 84)), event(0, 0), event(10, 4), activity(1)),
    build(message("sport", (0, "B", 1), (1, "B", 3)), *run(20)),
    build(session(START, 60, sport=2), session(START, 20, sport=3), *run(20)) + build(session(START, 120)),
    build(info(), moment("monitoring", START, (5, "B", 6), (3, "I", 1000)), *SLEEP, kind=32),
    build(moment("hr_data", START, (0, "B", 47)), moment("weight_scale", START, (0, "H", 7180)), kind=9),
)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A sound file with bytes changed, cut out, doubled, or taken from another file."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        first = draw(st.integers(0, max(len(data) - 1, 0)))
        last = min(len(data), first + draw(st.sampled_from((1, 3, 20, 200))))
        other = draw(st.sampled_from(SEEDS))
        at = draw(st.integers(0, len(other) - 1))
        new = draw(
            st.one_of(
                st.binary(min_size=last - first, max_size=last - first),
                st.sampled_from([b"", bytes(data[first:last]) * 2, b"\xff" * (last - first), other[at : at + 30]]),
            )
        )
        data[first:last] = new
    return bytes(data)


def account(reading: Reading) -> None:
    facts = reading.facts
    assert facts["used"] + facts["set_aside"] == facts["rows"]
    tables = reading.tables
    assert facts["used"] == sum(len(tables.get(name, ())) for name in ("activities", "wellness"))


def read_or_refuse(data: bytes) -> None:
    told = ""
    try:
        account(parse(data))
    except UnreadableFile as error:
        told = str(error)
    assert not told or "would be right" in told


@QUICK
@given(damaged_files())
def test_damage_never_breaks_reading_and_every_row_is_accounted(data):
    read_or_refuse(data)


@settings(QUICK, max_examples=50)
@given(damaged_files())
def test_a_damaged_file_is_a_log_or_says_why_not(tmp_path, data):
    path = tmp_path / "damaged.fit"
    path.write_bytes(data)
    try:
        told = ll.read(path).sources["path"].iloc[0]
    except ll.UnreadableFile as error:
        told = str(error)
    assert "damaged.fit" in told


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_behind_a_header_are_read_or_refused(body):
    header = struct.pack("<BBHI4s", 12, 0x20, 2100, len(body), b".FIT")
    read_or_refuse(header + body + b"\0\0")


def test_lists_among_labels_and_numbers_are_passed_over():
    """Two definitions of one message, one of them damaged, leave lists in a column of labels."""
    mixed = np.array([None, "timer", 7, None], object)
    mixed[3] = np.array([1.0, 2.0])
    times = np.full(4, np.datetime64("2026-03-01", "s"))
    part = {"event": {"offset": np.arange(4), "event": mixed, "event_type": mixed, "timestamp": times}}
    assert find_label(part, "event", "event", "timer").tolist() == [False, True, False, False]
    assert find_timer_stops(part).tolist() == []
    assert read_column(part["event"], "event") is None


def test_infinity_is_no_measurement():
    """Developer fields are floats, and floats can say infinity."""
    column = read_column({"power": np.array([np.inf, 200.0, -np.inf])}, "power")
    assert np.isnan(column[[0, 2]]).all()
    assert column[1] == 200.0


# ---------------------------------------------------------------- small files that ask for much


def many(name: str, kinds: list[tuple[int, str]], count: int, *columns: np.ndarray) -> bytes:
    """One definition and many messages of it."""
    plan = b"".join(bytes((number, struct.calcsize(kind), TYPES[kind])) for number, kind in kinds)
    layout = np.dtype([("header", "u1"), *((f"f{n}", f"<{kind}") for n, (_, kind) in enumerate(kinds))])
    rows = np.zeros(count, layout)
    for number, column in enumerate(columns):
        rows[f"f{number}"] = column
    return struct.pack("<BBBHB", 0x40, 0, 0, NUMBERS[name], len(kinds)) + plan + rows.tobytes()


def seconds(count: int, step: int = 1) -> np.ndarray:
    return (stamp(START) + step * np.arange(count)) % (1 << 32)


YEARS = 900_000_000  # s; a stop of the timer that lasts 28 years
ENDLESS = many("session", [(253, "I"), (2, "I"), (7, "I")], 1, stamp(START) + YEARS, stamp(START), 0xFFFFFFFE)
GREEDY = {
    "sessions": build(many("session", [(2, "I")], 190_000, seconds(190_000))),
    "chained": build(*run(2)) * 2_000,
    "laps": build(
        many("lap", [(2, "I")], 150_000, seconds(150_000) % 1000 + stamp(START)), *run(), session(START, 120)
    ),
    "events": build(
        many("event", [(253, "I"), (0, "B"), (1, "B")], 130_000, seconds(130_000), 0, 4 * (np.arange(130_000) % 2)),
        *run(),
        session(START, 120),
    ),
    "hourly": build(many("record", [(253, "I"), (5, "I")], 100_000, seconds(100_000, 3500), 300 * np.arange(100_000))),
    "endless": build(event(0, 0), many("record", [(253, "I")], 150_000, seconds(150_000, 3500)), ENDLESS),
    "stopped": build(event(0, 0), event(9, 4), event(YEARS, 0), record(0), record(YEARS - 9), record(YEARS), ENDLESS),
    "weighed": build(many("weight_scale", [(253, "I"), (0, "H")], 130_000, seconds(130_000, 1000), 7000), kind=9),
    "asleep": build(many("sleep_level", [(253, "I"), (0, "B")], 150_000, seconds(150_000, 60), 2), kind=49),
    "walked": build(
        info(), many("monitoring", [(253, "I"), (5, "B"), (3, "I")], 90_000, seconds(90_000, 6000), 6, 9), kind=32
    ),
}


@pytest.mark.parametrize("name", GREEDY)
def test_a_file_under_a_megabyte_takes_under_two_seconds_and_a_hundred_megabytes(name: str):
    """It takes under 1 s on the machine this was written on; the rest is for slower ones."""
    data = GREEDY[name]
    assert len(data) < 1 << 20
    begun = time.process_time()
    account(parse(data))
    assert time.process_time() - begun < 2.0
    tracemalloc.start()
    try:
        parse(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000 + 20 * len(data)


@pytest.mark.parametrize("name", ["sessions", "chained"])
def test_no_file_holds_more_sessions_than_is_reasonable(name: str):
    """What is beyond is set aside and told, and the file counts as damaged."""
    reading = parse(GREEDY[name])
    assert len(reading.tables["activities"]) == MOST_SESSIONS
    assert reading.facts["status"] == "damaged"
    told = [e["count"] for e in reading.ledger if e["what"] == "fit_damaged" and e["action"] == "set_aside"]
    assert told == [{"sessions": 190_000, "chained": 2_000}[name] - MOST_SESSIONS]


@pytest.mark.parametrize("more", [(), (session(START, 120, (9, "I", 36_000), (18, "B", 84)),)])
def test_messages_that_are_all_set_aside_cost_themselves_only(more: tuple[bytes, ...]) -> None:
    """255 fields of no size make a message of one byte, and a table without end of some thousands of them."""
    no_size = struct.pack("<BBBHB", 0x40, 0, 0, 20, 255) + b"".join(bytes((field, 0, 2)) for field in range(255))
    reading = parse(build(*more, no_size + bytes(6_000)))
    assert reading.facts["status"] == ("damaged" if more else "empty")
    assert reading.facts["rows"] == reading.facts["used"] == len(more)
    assert "6000 record messages set aside" in next(
        entry["value"] for entry in reading.ledger if entry["what"] == "fit_damaged"
    )


def test_the_account_of_mutants_adds_up_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "fuzz"))
    mutants, trials = importlib.import_module("mutants"), importlib.import_module("trials")
    what = {"code": "a", "seeds": "b", "through": "read"}
    results = tmp_path / "found.json"
    assert mutants.find_next(results, what) == 0
    for first, counts in ((0, (4, 10)), (10, (5,))):
        run = {**what, "first": first, "came": {}, "broken": {}, "slowest": 0.0, "memory": 0}
        for count in counts:
            outcome = trials.Outcome(Counter(read=count), slowest=count / 10)
            outcome.note("an error", first + 1)
            mutants.add(run, count, outcome, 1.0)
            mutants.write_results(results, run)
    first, second = mutants.read_results(results)
    assert (first["count"], first["came"], first["broken"]) == (10, {"read": 14, "broken": 2}, {"an error": [1, 1]})
    assert (second["count"], second["slowest"]) == (5, 0.5)
    assert mutants.find_next(results, what) == 15
    assert mutants.find_next(results, what | {"code": "changed"}) == 0
    assert mutants.tell([first, second]).startswith("15 mutants, {'read': 19, 'broken': 3}, 1 ways")


@pytest.mark.parametrize("through", ["decode", "parse", "read", "folder"])
def test_what_breaks_on_a_mutant_is_told_with_its_number(through: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "fuzz"))
    damage, trials = importlib.import_module("damage"), importlib.import_module("trials")
    seeds = damage.gather_seeds([])[:2]
    assert not trials.run_trials(range(8), seeds, through).broken

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(trials if through == "decode" else trials.fit, "decode", fail)
    found = trials.run_trials(range(8), seeds, through)
    assert found.came == {"broken": 8}
    ((problem, numbers),) = found.broken.items()
    assert problem.startswith("ZeroDivisionError")
    assert numbers == list(range(8))
