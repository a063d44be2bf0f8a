"""What the FIT decoder makes of bytes: small files written here by hand, and real ones where there are any."""

from __future__ import annotations

import csv
import random
import struct
from typing import TYPE_CHECKING, Any

import fitparse
import numpy as np
import pytest

from loadlens.formats import fit_parts
from loadlens.formats.fit_messages import decode
from loadlens.formats.fit_profile import message_numbers, message_of
from loadlens.formats.fit_walk import Allowance, Walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ENUM, SINT8, UINT8, STRING, BYTE = 0x00, 0x01, 0x02, 0x07, 0x0D
UINT16, SINT32, UINT32, FLOAT32, FLOAT64 = 0x84, 0x85, 0x86, 0x88, 0x89
FILE_ID, SESSION, RECORD, EVENT, DEVICE_INFO, MONITORING, HRV = 0, 18, 20, 21, 23, 55, 78
TIME = (253, 4, UINT32)
HEART_RATE = (3, 1, UINT8)
NOON = 1_000_000_032  # a time whose lowest five bits are 0: 2021-09-08T01:47:12Z


def define(
    local: int, number: int, *fields: tuple[int, int, int], big: bool = False, dev: Iterable[tuple[int, int, int]] = ()
) -> bytes:
    dev = list(dev)
    head = struct.pack(">BBBHB" if big else "<BBBHB", 0x40 | local | 0x20 * bool(dev), 0, big, number, len(fields))
    more = bytes([len(dev)]) + b"".join(map(bytes, dev)) if dev else b""
    return head + b"".join(map(bytes, fields)) + more


def part(*messages: bytes, size: int | None = None, header: int = 14, header_sum: int | None = None) -> bytes:
    body = b"".join(messages)
    head = struct.pack("<BBHI4s", header, 32, 2100, len(body) if size is None else size, b".FIT")
    if header == 14:
        head += struct.pack("<H", fit_parts.checksum(head) if header_sum is None else header_sum)
    return head + body + struct.pack("<H", fit_parts.checksum(head + body))


def record(second: int, heart_rate: int = 150, local: int = 0) -> bytes:
    return struct.pack("<BIB", local, NOON + second, heart_rate)


def records(count: int, start: int = 0) -> bytes:
    return b"".join(record(start + second) for second in range(count))


def describe(number: int, name: bytes, base: int = UINT16, units: bytes = b"W") -> bytes:
    """field_description under local type 15: developer 0, field `number`."""
    fields = ((0, 1, UINT8), (1, 1, UINT8), (2, 1, UINT8), (3, 16, STRING), (8, 8, STRING))
    return define(15, 206, *fields) + struct.pack("<BBBB16s8s", 15, 0, number, base, name, units)


RECORDS = define(0, RECORD, TIME, HEART_RATE)


def kinds(data: bytes) -> list[str]:
    return [problem.kind for problem in decode(data).problems]


# -- values


def test_values_are_physical() -> None:
    fields = (TIME, (0, 4, SINT32), (2, 2, UINT16), (6, 2, UINT16), HEART_RATE)
    data = part(define(0, RECORD, *fields), struct.pack("<BIiHHB", 0, 1_000_000_000, 2**30, 3000, 2500, 150))
    messages = decode(data)
    found = messages.columns("record")
    assert messages.problems == ()
    assert found["timestamp"].tolist() == [np.datetime64("2021-09-08T01:46:40", "s").item()]
    assert found["timestamp"].dtype == "datetime64[s]"
    assert found["position_lat"].tolist() == [90.0]  # 2**30 semicircles are a quarter of a turn
    assert found["altitude"].tolist() == [100.0]  # 3000 / 5 - 500
    assert found["speed"].tolist() == [2.5]
    assert found["heart_rate"].tolist() == [150.0]
    assert found["part"].tolist() == [0]
    assert found["offset"].tolist() == [14 + 6 + 15]
    assert messages.units("record") == {"position_lat": "deg", "altitude": "m", "speed": "m/s", "heart_rate": "bpm"}


def test_invalid_values_are_missing() -> None:
    fields = (TIME, HEART_RATE, (13, 1, SINT8), (42, 1, ENUM), (114, 4, FLOAT32))
    row = struct.pack("<BIBbBI", 0, 2**32 - 1, 255, 127, 255, 2**32 - 1)
    found = decode(part(define(0, RECORD, *fields), row)).columns("record")
    assert np.isnat(found["timestamp"]).all()
    assert np.isnan([found["heart_rate"][0], found["temperature"][0], found["grit"][0]]).all()
    assert found["activity_type"].tolist() == [None]


def test_big_endian_reads_as_little_endian() -> None:
    little = part(define(0, RECORD, TIME, (6, 2, UINT16)), struct.pack("<BIH", 0, NOON, 3210))
    big = part(define(0, RECORD, TIME, (6, 2, UINT16), big=True), struct.pack(">BIH", 0, NOON, 3210))
    assert decode(little).frame("record").equals(decode(big).frame("record"))
    assert decode(big).columns("record")["speed"].tolist() == [3.21]


def test_base_types_may_lack_their_width_bit() -> None:
    data = part(define(0, RECORD, (6, 2, UINT16 & 0x1F)), struct.pack("<BH", 0, 3000))
    assert decode(data).columns("record")["speed"].tolist() == [3.0]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("more", ["narrow", "wide", "arrays"])
def test_one_few_and_many_rows_give_the_same_values(more: str, big: bool) -> None:
    """Each is read in another way: by struct, field by field or type by type, column by column."""
    fields = (TIME, (0, 4, SINT32), (1, 4, SINT32), (2, 2, UINT16), (6, 2, UINT16), HEART_RATE, (4, 1, UINT8))
    odd = ((13, 1, SINT8), (42, 1, ENUM), (108, 2, UINT16), (52, 4, FLOAT32), (8, 3, BYTE))
    odd += {
        "narrow": (),
        "wide": tuple((200 + k, 2, UINT16) for k in range(12)),
        "arrays": ((200, 8, UINT16), (202, 12, FLOAT32), (204, 4, UINT8)),
    }[more]
    numbers = {"narrow": "", "wide": "12H", "arrays": "4H3f4B"}[more]
    rng = random.Random(1)
    rows = [
        struct.pack((">" if big else "<") + "BIiiHHBBbBHf3s", 0, *(rng.choice([v, m]) for v, m in zip(
            (NOON + k, k - 500, 7 * k, 3 * k, 5 * k, k % 250, 90, k % 50 - 20, k % 9, k % 7, k / 8, b"abc"),
            (2**32 - 1, 2**31 - 1, 2**31 - 1, 65535, 65535, 255, 255, 127, 255, 65535, float("nan"), b"\xff" * 3),
            strict=True)))
        + rng.randbytes(struct.calcsize("<" + numbers)).replace(b"\x80", b"\xff")
        for k in range(1000)
    ]  # fmt: skip
    head = define(0, RECORD, *fields, *odd, big=big)
    whole, *fewer = (decode(part(head, *rows[:count]), unknown=True).columns("record") for count in (1000, 100, 8, 1))
    for name, column in whole.items():
        for less in fewer:
            assert less[name].dtype == column.dtype, name
            assert repr(column[: len(less[name])].tolist()) == repr(less[name].tolist()), name
    assert 350 < np.isnan(whole["heart_rate"]).sum() < 650
    assert set(whole["activity_type"]) > {"running", None}
    assert (np.nanmin(whole["temperature"]), np.nanmax(whole["temperature"])) == (-20.0, 29.0)


def test_definitions_that_take_turns_give_one_table_in_file_order() -> None:
    """Few messages of each are read together and then spread; a field that one of them lacks is missing there."""
    slow, fast = define(0, RECORD, TIME, HEART_RATE), define(0, RECORD, TIME, (6, 2, UINT16))
    turns = [
        one for k in range(0, 40, 2)
        for one in (slow, record(k, 100 + k), fast, struct.pack("<BIH", 0, NOON + k + 1, 1000 * k))
    ]  # fmt: skip
    table = decode(part(*turns)).columns("record")
    assert (table["timestamp"].astype(np.int64) - table["timestamp"].astype(np.int64)[0]).tolist() == list(range(40))
    assert table["heart_rate"][::2].tolist() == [100.0 + k for k in range(0, 40, 2)]
    assert table["speed"][1::2].tolist() == [float(k) for k in range(0, 40, 2)]
    assert np.isnan(table["heart_rate"][1::2]).all()
    assert np.isnan(table["speed"][::2]).all()
    assert table["offset"].tolist() == sorted(table["offset"].tolist())


def test_what_would_blow_a_table_up_is_set_aside_and_told() -> None:
    """60,000 messages of two bytes, and one with every field a record can have: 100 columns for each of them."""
    wide = [(number, 1, BYTE) for number in sorted(message_of(RECORD).fields) if number < 250]
    many, one = bytes((0, 150)) * 60_000, b"\x01" + bytes(len(wide))
    messages = decode(part(define(0, RECORD, HEART_RATE), many, define(1, RECORD, *wide), one))
    assert messages.count("record") == 60_000
    assert set(messages.columns("record")["heart_rate"]) == {150.0}
    assert any("1 record messages set aside" in problem.detail for problem in messages.problems)


def test_a_frame_holds_the_fields_and_no_place_in_the_file() -> None:
    messages = decode(part(define(0, RECORD, TIME, HEART_RATE), records(3)))
    frame = messages.frame("record")
    assert set(frame.columns) == {"timestamp", "heart_rate"}
    assert set(messages.columns("record")) == {"timestamp", "heart_rate", "part", "offset"}
    assert frame.dtypes.astype(str).to_dict() == {"timestamp": "datetime64[s]", "heart_rate": "float64"}
    frame.loc[0, "heart_rate"] = 1.0  # it is the reader's own to change
    assert messages.frame("record")["heart_rate"].tolist() == [150.0] * 3
    frame.loc[0, "timestamp"] = frame.loc[2, "timestamp"]
    assert messages.frame("record")["timestamp"].is_monotonic_increasing
    frame.columns.name = frame.index.name = "changed"
    again = messages.frame("record")
    assert (again.columns.name, again.index.name) == (None, None)


def test_frames_of_one_size_have_times_of_their_own() -> None:
    early, late = (decode(part(RECORDS, records(3, start))).frame("record")["timestamp"] for start in (0, 100))
    assert (late - early).dt.total_seconds().tolist() == [100.0] * 3
    assert early[0] == np.datetime64(631065600 + NOON, "s")


def test_labels_are_those_of_the_profile_and_unlisted_codes_stay_numbers() -> None:
    data = part(define(0, SESSION, (5, 1, ENUM)), b"\0\x01", b"\0\xfa", b"\0\xff")
    assert decode(data).columns("session")["sport"].tolist() == ["running", 250, None]


def test_text_ends_at_nul_and_may_be_broken() -> None:
    data = part(define(0, FILE_ID, (8, 5, STRING)), b"\0ab\0cd", b"\0\xc3(\0\0\0", b"\0\0\0\0\0\0", b"\0abcde")
    assert decode(data).columns("file_id")["product_name"].tolist() == ["ab", "\ufffd(", None, "abcde"]


def test_fields_of_several_values_are_arrays() -> None:
    data = part(define(0, HRV, (0, 6, UINT16)), struct.pack("<BHHH", 0, 800, 65535, 1000))
    (times,) = decode(data).columns("hrv")["time"]
    assert times[[0, 2]].tolist() == [0.8, 1.0]
    assert np.isnan(times[1])


def test_a_size_that_does_not_fit_costs_the_field_only() -> None:
    data = part(define(0, RECORD, (6, 3, UINT16), HEART_RATE, (7, 2, 0x1B)), b"\0\1\2\3\x96\1\2")
    found = decode(data).columns("record")
    assert found["heart_rate"].tolist() == [150.0]
    assert "speed" not in found
    assert "power" not in found


def test_a_number_of_the_profile_is_one_number_whatever_a_definition_says() -> None:
    """Several values where the profile has one: the first is read, and the rest is told."""
    odd = define(1, RECORD, (253, 8, UINT32), (3, 2, UINT8), (0, 3, SINT32))
    data = part(RECORDS, records(2), odd, struct.pack("<BIIBB3s", 1, NOON + 2, 7, 90, 91, b"abc"))
    messages = decode(data)
    found = messages.columns("record")
    assert found["heart_rate"].dtype == np.float64
    assert found["heart_rate"].tolist() == [150.0, 150.0, 90.0]
    assert found["timestamp"].dtype == "datetime64[s]"
    assert np.diff(found["timestamp"]).astype(int).tolist() == [1, 1]
    assert [problem.kind for problem in messages.problems] == ["size"] * 3
    assert [problem.detail.partition(":")[0] for problem in messages.problems] == [
        "timestamp", "heart_rate", "position_lat",
    ]  # fmt: skip


def test_sixteen_bit_times_of_a_wrong_size_stay_numbers() -> None:
    data = part(define(0, MONITORING, (26, 4, UINT16)), struct.pack("<BHH", 0, 60, 61))
    assert decode(data).columns("monitoring")["timestamp_16"].tolist() == [60.0]


def test_a_field_of_several_values_is_an_array_even_when_it_holds_one() -> None:
    found = decode(part(define(0, SESSION, (65, 4, UINT32)), struct.pack("<BI", 0, 5000))).columns("session")
    (zones,) = found["time_in_hr_zone"]
    assert zones.tolist() == [5.0]


def test_fewer_bytes_than_announced_are_a_small_number() -> None:
    data = part(define(0, EVENT, (0, 1, ENUM), (3, 1, UINT32)), b"\0\0\1")
    found = decode(data).columns("event")
    assert found["data"].tolist() == [1.0]
    assert found["timer_trigger"].tolist() == ["auto"]


def test_a_number_announced_as_bytes_is_read_as_the_profile_says() -> None:
    data = part(define(0, RECORD, (253, 4, BYTE), HEART_RATE), record(5))
    assert decode(data).columns("record")["timestamp"].astype(np.int64).tolist() == [NOON + 5 + 631065600]


def test_of_a_field_given_twice_the_first_holds() -> None:
    data = part(define(0, RECORD, HEART_RATE, HEART_RATE), b"\0\x64\x65")
    assert decode(data).columns("record")["heart_rate"].tolist() == [100.0]


def test_a_message_without_fields_is_counted() -> None:
    for count in (40, 4000):
        messages = decode(part(define(0, RECORD), b"\0" * count))
        assert messages.count("record") == count
        assert sorted(messages.columns("record")) == ["offset", "part"]


def test_unknown_fields_and_messages_are_kept_when_asked_for() -> None:
    data = part(
        define(0, RECORD, HEART_RATE, (200, 1, UINT8)), b"\0\x64\x07", define(1, 9999, (1, 1, UINT8)), b"\1\x08",
    )  # fmt: skip
    assert decode(data).names == ("record",)
    assert "unknown_200" not in decode(data).columns("record")
    messages = decode(data, unknown=True)
    assert messages.names == ("record", "unknown_9999")
    assert messages.columns("record")["unknown_200"].tolist() == [7.0]
    assert messages.columns("unknown_9999")["unknown_1"].tolist() == [8.0]


def test_absent_messages_are_empty() -> None:
    messages = decode(part(RECORDS, records(1)))
    assert "lap" not in messages
    assert (messages.count("lap"), messages.columns("lap"), messages.units("lap")) == (0, {}, {})
    assert messages.frame("lap").empty


# -- several definitions, periods


def test_definitions_of_one_message_are_joined_in_file_order() -> None:
    data = part(
        RECORDS, define(1, RECORD, TIME, (42, 1, ENUM)),
        record(0), struct.pack("<BIB", 1, NOON + 1, 1), record(2),
    )  # fmt: skip
    found = decode(data).columns("record")
    assert np.diff(found["timestamp"].astype(np.int64)).tolist() == [1, 1]
    assert np.isnan(found["heart_rate"]).tolist() == [False, True, False]
    assert found["activity_type"].tolist() == [None, "running", None]


@pytest.mark.parametrize("count", [300, 3000])
def test_joined_definitions_keep_their_own_values_few_or_many(count: int) -> None:
    """Two definitions in no order at all, one with a power and a field of two numbers where the other has one."""
    other = define(1, RECORD, TIME, (7, 2, UINT16), (200, 2, UINT8))
    rng = random.Random(5)
    rows: list[tuple[int, int | None, bytes]] = []
    for second in range(count):
        if rng.random() < 0.5:
            rows.append((second, None, struct.pack("<BIBB", 0, NOON + second, 60 + second % 100, 7)))
        else:
            rows.append((second, second % 900, struct.pack("<BIHBB", 1, NOON + second, second % 900, 8, 9)))
    data = part(define(0, RECORD, TIME, HEART_RATE, (200, 1, UINT8)), other, *(row for _, _, row in rows))
    found = decode(data, unknown=True).columns("record")
    powers = [np.nan if power is None else power for _, power, _ in rows]
    hearts = [60 + second % 100 if power is None else np.nan for second, power, _ in rows]
    np.testing.assert_array_equal(found["power"], powers)
    np.testing.assert_array_equal(found["heart_rate"], hearts)
    assert (np.diff(found["timestamp"].astype(np.int64)) == 1).all()
    assert (np.diff(found["offset"]) > 0).all()
    for (_, power, _), value in zip(rows, found["unknown_200"], strict=True):
        assert (value == 7.0) if power is None else (value.tolist() == [8.0, 9.0])


def test_a_local_type_can_be_defined_anew() -> None:
    data = part(RECORDS, records(30), define(0, SESSION, (5, 1, ENUM)), b"\0\1", RECORDS, records(30, 30))
    messages = decode(data)
    assert (messages.count("record"), messages.count("session")) == (60, 1)
    assert messages.columns("record")["timestamp"].astype(np.int64).tolist() == [
        NOON + 631065600 + second for second in range(60)
    ]


@pytest.mark.parametrize("pattern", ["01", "0012", "0101012", "00000001", "000000001111111"])
def test_every_message_is_found_whatever_the_period(pattern: str) -> None:
    define_all = b"".join(define(k, RECORD, TIME, *[(7, 2, UINT16)] * k, HEART_RATE) for k in range(3))
    rng, sequence = random.Random(2), pattern * 60
    sequence += "".join(rng.choice("012") for _ in range(200)) + pattern * 60 + "2" + pattern * 2
    rows = [
        struct.pack("<BI", int(local), NOON + second) + b"\0\0" * int(local) + bytes([100 + int(local)])
        for second, local in enumerate(sequence)
    ]
    found = decode(part(define_all, *rows)).columns("record")
    assert found["heart_rate"].tolist() == [100.0 + int(local) for local in sequence]
    assert (np.diff(found["timestamp"].astype(np.int64)) == 1).all()
    assert found["offset"].tolist() == np.cumsum([14 + len(define_all), *map(len, rows[:-1])]).tolist()


def test_chained_files_are_parts() -> None:
    data = part(RECORDS, records(3)) + part(RECORDS, records(2, 100), header=12)
    messages = decode(data)
    assert messages.problems == ()
    assert messages.columns("record")["part"].tolist() == [0, 0, 0, 1, 1]


# -- times and packed values


def test_compressed_headers_count_on_from_the_last_whole_time() -> None:
    short = define(1, RECORD, HEART_RATE)
    rows = b"".join(bytes([0x80 | 1 << 5 | second & 31, 120]) for second in (30, 31, 33, 70))
    found = decode(part(RECORDS, short, record(0), rows)).columns("record")
    # five bits tell 32 s apart: 70 follows 33 by 37 s, of which only 5 can be seen
    assert (found["timestamp"].astype(np.int64) - NOON - 631065600).tolist() == [0, 30, 31, 33, 38]


def test_compressed_headers_before_any_time_have_none() -> None:
    found = decode(part(define(1, RECORD, HEART_RATE), bytes([0xA3, 120]) * 50)).columns("record")
    assert np.isnat(found["timestamp"]).all()
    assert found["heart_rate"].tolist() == [120.0] * 50


def test_16_bit_times_of_monitoring_count_on_and_roll_over() -> None:
    start = (NOON >> 16 << 16) + 65_000
    data = part(
        define(0, 103, TIME), struct.pack("<BI", 0, start),
        define(1, MONITORING, (26, 2, UINT16), (27, 1, UINT8)),
        struct.pack("<BHB", 1, 65_060, 60), struct.pack("<BHB", 1, 84, 61), struct.pack("<BHB", 1, 65_535, 62),
    )  # fmt: skip
    found = decode(data).columns("monitoring")
    assert (found["timestamp"].astype(np.int64) - start - 631065600).tolist()[:2] == [60, 620]
    assert np.isnat(found["timestamp"][2])


def test_packed_speed_and_distance_are_unpacked_and_counted_on() -> None:
    # 12 bits of speed in 1/100 m/s, then 12 bits of distance in 1/16 m, which rolls over at 256 m
    rows = [(300, 4000), (250, 4090), (200, 26)]
    data = part(
        define(0, RECORD, (8, 3, BYTE)),
        *(b"\0" + (speed | distance << 12).to_bytes(3, "little") for speed, distance in rows), b"\0\xff\xff\xff",
    )  # fmt: skip
    found = decode(data).columns("record")
    assert found["speed"][:3].tolist() == [3.0, 2.5, 2.0]
    assert found["distance"][:3].tolist() == [250.0, 255.625, 257.625]
    assert np.isnan([found["speed"][3], found["distance"][3]]).all()


def test_steps_are_cycles_of_walking_and_running() -> None:
    data = part(
        define(0, MONITORING, (24, 1, BYTE), (3, 4, UINT32)),
        struct.pack("<BBI", 0, 6 | 3 << 5, 1000), struct.pack("<BBI", 0, 2, 500),
    )  # fmt: skip
    found = decode(data).columns("monitoring")
    assert found["activity_type"].tolist() == ["walking", "cycling"]
    assert found["intensity"].tolist() == [3.0, 0.0]
    assert found["cycles"].tolist() == [500.0, 250.0]
    assert found["steps"][0] == 1000.0
    assert np.isnan(found["steps"][1])


@pytest.mark.parametrize("count", [1, 600])
def test_a_cadence_of_running_is_read_as_such_and_only_of_running(count: int) -> None:
    running, cycling, unknown = (struct.pack("<BBB", 0, sport, 84) for sport in (1, 2, 200))
    data = part(define(0, SESSION, (5, 1, ENUM), (18, 1, UINT8)), *[running, cycling, unknown, b"\0\1\xff"] * count)
    found = decode(data).columns("session")
    assert found["avg_cadence"][:3].tolist() == [84.0] * 3
    assert found["avg_running_cadence"][0] == 84.0
    assert np.isnan(found["avg_running_cadence"][1:4]).all()


def test_garmin_products_are_named_where_the_maker_is_garmin() -> None:
    data = part(
        define(0, DEVICE_INFO, (2, 2, UINT16), (4, 2, UINT16)),
        struct.pack("<BHH", 0, 1, 1482), struct.pack("<BHH", 0, 23, 1482),
    )  # fmt: skip
    found = decode(data).columns("device_info")
    assert found["manufacturer"].tolist() == ["garmin", "suunto"]
    assert found["garmin_product"].tolist() == ["fr10", None]
    assert found["product"].tolist() == [1482.0, 1482.0]


# -- developer fields

DEV_RECORDS = define(1, RECORD, TIME, dev=[(0, 2, 0)])


def dev_record(second: int, value: int) -> bytes:
    return struct.pack("<BIH", 1, NOON + second, value)


def test_developer_fields_go_by_their_description() -> None:
    messages = decode(part(describe(0, b"Form Power (est.)"), DEV_RECORDS, dev_record(0, 250)))
    assert messages.columns("record")["form_power_est"].tolist() == [250.0]
    assert messages.units("record")["form_power_est"] == "W"


def test_a_late_description_names_the_messages_before_it_too() -> None:
    data = part(DEV_RECORDS, dev_record(0, 1), describe(0, b"Leg Spring"), dev_record(1, 2))
    assert decode(data).columns("record")["leg_spring"].tolist() == [1.0, 2.0]


def test_a_new_description_holds_from_there_on() -> None:
    data = part(describe(0, b"Gait"), DEV_RECORDS, dev_record(0, 1), describe(0, b"Heat"), dev_record(1, 2))
    found = decode(data).columns("record")
    assert found["gait"][0] == 1.0
    assert found["heat"][1] == 2.0
    assert np.isnan([found["gait"][1], found["heat"][0]]).all()


def test_undescribed_and_nameless_developer_fields_are_unknown() -> None:
    for told in (b"", describe(0, b"")):
        data = part(told, DEV_RECORDS, dev_record(0, 7))
        assert sorted(decode(data).columns("record")) == ["offset", "part", "timestamp"]
        assert "unknown_dev_0_0" in decode(data, unknown=True).columns("record")


def test_a_developer_field_gives_way_to_a_native_one_of_its_name() -> None:
    data = part(
        describe(0, b"Heart Rate"), define(1, RECORD, HEART_RATE, dev=[(0, 2, 0)]), struct.pack("<BBH", 1, 140, 141),
    )  # fmt: skip
    found = decode(data).columns("record")
    assert (found["heart_rate"].tolist(), found["heart_rate_dev"].tolist()) == ([140.0], [141.0])


def test_two_developer_fields_of_one_name_stay_apart() -> None:
    data = part(
        describe(0, b"Watts"), describe(1, b"Watts"), define(1, RECORD, dev=[(0, 2, 0), (1, 2, 0)]),
        struct.pack("<BHH", 1, 200, 300),
    )  # fmt: skip
    found = decode(data).columns("record")
    assert sorted(value for name in found if name.startswith("watts") for value in found[name]) == [200.0, 300.0]


# -- damage


def test_other_files_are_no_fit() -> None:
    for data in (b"", b"\x0e", b"<html></html>", bytes(1000), b"PK\3\4" + bytes(100)):
        messages = decode(data)
        assert messages.names == ()
        assert [problem.kind for problem in messages.problems] == ["not_fit"]


def test_a_wrong_checksum_is_told_and_nothing_lost() -> None:
    data = bytearray(part(RECORDS, records(50)))
    data[-1] ^= 1
    messages = decode(bytes(data))
    assert [(problem.kind, problem.offset) for problem in messages.problems] == [("checksum", len(data) - 2)]
    assert messages.count("record") == 50


def test_header_checksums_may_be_zero_but_not_wrong() -> None:
    assert kinds(part(RECORDS, records(3), header_sum=0)) == []
    assert kinds(part(RECORDS, records(3), header_sum=1)) == ["checksum"]


@pytest.mark.parametrize("size", [0, 20, 10_000])
def test_a_wrong_size_is_corrected_by_the_checksum(size: int) -> None:
    messages = decode(part(RECORDS, records(50), size=size) + part(RECORDS, records(1)))
    assert [problem.kind for problem in messages.problems] == ["size"]
    assert messages.count("record") == 51


def test_a_size_of_zero_without_checksum_reads_to_the_end() -> None:
    messages = decode(part(RECORDS, records(50), size=0)[:-2])
    assert [problem.kind for problem in messages.problems] == ["size"]
    assert messages.count("record") == 50


def test_a_file_cut_short_keeps_what_is_whole() -> None:
    messages = decode(part(RECORDS, records(50))[:-5])
    assert {problem.kind for problem in messages.problems} == {"truncated"}
    assert messages.count("record") == 49


def test_bytes_around_the_file_are_reported() -> None:
    good = part(RECORDS, records(5))
    for data, offset in ((good + b"<p>sorry</p>", len(good)), (b"HTTP/1.1 200 OK" + good, 0)):
        messages = decode(data)
        assert [(problem.kind, problem.offset) for problem in messages.problems] == [("garbage", offset)]
        assert messages.count("record") == 5


def test_an_undefined_local_type_ends_what_is_understood() -> None:
    data = part(RECORDS, records(5), b"\7", bytes(20))
    messages = decode(data)
    (problem,) = messages.problems
    assert (problem.kind, problem.offset) == ("local_type", 14 + len(RECORDS) + 5 * 6)
    assert "7" in problem.detail
    assert messages.count("record") == 5


def test_damage_in_one_part_spares_the_next() -> None:
    data = part(RECORDS, records(5), b"\7", bytes(20)) + part(RECORDS, records(4))
    assert decode(data).count("record") == 9


def test_reading_goes_on_where_messages_make_sense_again() -> None:
    data = part(RECORDS, records(100), b"\7\xba\xdb", records(100, 100))
    messages = decode(data)
    assert [problem.kind for problem in messages.problems] == ["local_type"]
    assert messages.count("record") == 200


def test_a_missing_byte_costs_one_message() -> None:
    start = 14 + len(RECORDS) + 40 * 6
    data = bytearray(part(RECORDS, records(100)))
    del data[start + 2]
    messages = decode(bytes(data))
    times = messages.columns("record")["timestamp"].astype(np.int64) - NOON - 631065600
    assert times.tolist() == [*range(40), *range(41, 100)]


def test_definitions_cut_short_are_told() -> None:
    whole = RECORDS + records(2) + define(1, SESSION, *[(n, 1, UINT8) for n in range(30)], dev=[(0, 1, 0)])
    for cut in (1, 4, 60, 95):
        data = part(whole[: len(RECORDS) + 12 + cut])
        assert kinds(data) == ["truncated"]
        assert decode(data).count("record") == 2


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_make_it_raise(seed: int) -> None:
    rng = random.Random(seed)
    good = bytearray(
        part(describe(0, b"Gait"), DEV_RECORDS, dev_record(0, 1), RECORDS, records(20), define(2, MONITORING,
             (26, 2, UINT16), (24, 1, BYTE), (3, 4, UINT32)), b"\2\1\2\x06\1\2\3\4" * 9, b"\x81\1\2" * 9)
        + part(define(0, HRV, (0, 6, UINT16)), bytes(70), define(1, EVENT, (0, 1, ENUM), (2, 2, UINT16)), b"\1\0\3\0")
    )  # fmt: skip
    for _ in range(150):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        messages = decode(bytes(data[: rng.randrange(len(data))]), unknown=rng.random() < 0.5)
        for name in messages.names:
            columns = messages.columns(name)
            assert {len(column) for column in columns.values()} == {messages.count(name)}
            assert (np.diff(columns["offset"]) > 0).all()
            assert all(messages.units(name).values())


def test_a_small_definition_cannot_ask_for_gigabytes() -> None:
    wide = define(1, RECORD, *[(number, 1, UINT8) for number in range(240)]) + b"\1" + bytes(240)
    data = part(wide, define(0, RECORD, (3, 1, UINT8)), b"\0\x50" * 500_000)
    messages = decode(data)
    assert [problem.kind for problem in messages.problems] == ["definition"]
    assert messages.count("record") == 500_000
    assert sum(column.nbytes for column in messages.columns("record").values()) < 30 * len(data)


def test_a_file_of_headers_is_checksummed_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    headers = struct.pack("<BBHI4s", 12, 16, 0, 0xFFFFFFF0, b".FIT") * 3000
    seen: list[int] = []
    real = fit_parts.checksum

    def counted(data: bytes) -> int:
        seen.append(len(data))
        return real(data)

    monkeypatch.setattr(fit_parts, "checksum", counted)
    assert decode(headers).names == ()
    assert sum(seen) <= 4 * len(headers)


def test_the_search_after_damage_grows_as_the_file_does(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    real = Walk._makes_sense

    def counted(*arguments: Any) -> bool:
        nonlocal calls
        calls += 1
        return real(*arguments)

    monkeypatch.setattr(Walk, "_makes_sense", counted)
    work = []
    for size in (500, 1000):
        calls = 0
        singles = [records(9, 9 * k) + b"\7" for k in range(size)]
        runs = [records(20, 9 * size + 20 * k) + b"\7" for k in range(size // 2)]
        assert decode(part(RECORDS, *singles, *runs)).count("record") == 19 * size
        work.append(calls)
    assert 0 < work[1] < 2.2 * work[0]


def count_messages_looked_at(monkeypatch: pytest.MonkeyPatch, data: bytes) -> int:
    """How much of what the file allows a search for messages takes."""
    given: list[Allowance] = []
    real = Allowance.of

    def noted(data: bytes) -> Allowance:
        given.append(real(data))
        return given[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Allowance, "of", noted)
        decode(data)
    (allowance,) = given
    return real(data).effort - allowance.effort


def test_bytes_are_searched_for_messages_no_further_than_the_file_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """From each of 300,000 places eight messages without a time follow: 2,400,000 to look at, did nothing end it."""
    data = part(RECORDS, records(9), define(2, RECORD, HEART_RATE), b"\7", b"\2" * 300_000)
    allowed = 65_536 + 3 * len(data) // 8
    assert allowed <= count_messages_looked_at(monkeypatch, data) <= allowed + len(data) // 4 + 8
    (problem,) = decode(data).problems
    assert "too much damage" in problem.detail
    assert decode(data).count("record") == 9


def test_a_search_that_is_given_up_is_told() -> None:
    lost = [records(9, 9 * k) + b"\7" for k in range(8000)]
    messages = decode(part(RECORDS, *lost))
    assert 4000 * 9 < messages.count("record") < 8000 * 9
    assert sum("too much damage" in problem.detail for problem in messages.problems) == 1


def test_a_definition_that_lost_its_bytes_does_not_cost_what_comes_far_behind_it() -> None:
    """The damaged one makes no sense itself, and 60,000 bytes that make none follow it."""
    laps = define(2, 19, TIME, HEART_RATE) + b"".join(record(20 + k, local=2) for k in range(5))
    odd = struct.pack("<BBBHB3s", 0x41, 7, 0, RECORD, 1, bytes((3, 0, UINT8)))
    messages = decode(part(RECORDS, records(9), odd, bytes(60_000), laps))
    assert (messages.count("record"), messages.count("lap")) == (9, 5)
    assert [problem.kind for problem in messages.problems] == ["definition"]


def test_more_definitions_than_a_file_can_need_end_it() -> None:
    different = [define(0, RECORD, HEART_RATE, (k % 250, 1, UINT8), (k // 250, 2, UINT16)) for k in range(5000)]
    messages = decode(part(*(one + b"\0\x64\1\2\3" for one in different)))
    assert messages.count("record") == 4096
    assert [problem.kind for problem in messages.problems if "4096" in problem.detail] == ["definition"]


def test_definitions_bring_no_more_fields_than_a_file_can_need() -> None:
    """131 definitions of 250 fields are 18 short of 32,768, so a 132nd is read; the first again costs nothing."""
    rng = random.Random(1)
    different = [define(0, RECORD, *((k, 1, UINT8) for k in rng.sample(range(250), 250))) for _ in range(200)]
    found = decode(part(*(one + bytes(251) for one in (*different[:1] * 300, *different))))
    assert found.count("record") == 300 + 132
    assert [problem.kind for problem in found.problems if "fields" in problem.detail] == ["definition"]


def test_no_more_than_2000_chained_files_are_read() -> None:
    one = part(RECORDS, records(2))
    messages = decode(one * 2100)
    assert messages.count("record") == 2000 * 2
    (problem,) = messages.problems
    assert (problem.kind, problem.offset) == ("garbage", 2000 * len(one))


def test_a_number_too_large_for_a_code_has_no_label() -> None:
    """`event.data` means a trigger or a time only where it is a whole number; 1e300 stands for neither."""
    fields = ((0, 1, ENUM), (3, 8, FLOAT64))
    data = part(define(0, EVENT, *fields), *(struct.pack("<BBd", 0, 0, value) for value in (1.0, 1e300, np.inf)))
    found = decode(data).columns("event")
    assert found["data"].tolist() == [1.0, 1e300, np.inf]
    assert found["timer_trigger"].tolist() == ["auto", None, None]


# -- checksum and profile


def test_both_checksums_agree_with_the_published_check_value() -> None:
    assert fit_parts.folded_checksum(b"123456789") == 0xBB3D
    assert fit_parts.checksum(b"123456789") == 0xBB3D


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 64, 1001, 70_000])
def test_both_checksums_are_equal(size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert fit_parts.folded_checksum(data) == fit_parts.checksum(data)


def test_newer_messages_of_nights_are_named() -> None:
    data = part(
        define(0, 211, TIME, (0, 1, UINT8), (1, 1, UINT8)), struct.pack("<BIBB", 0, NOON, 52, 49),
        define(0, 275, TIME, (0, 1, ENUM)), struct.pack("<BIB", 0, NOON, 3),
        define(0, 346, (6, 1, UINT8)), b"\0\x51",
        define(0, 370, TIME, (1, 2, UINT16), (6, 1, ENUM)), struct.pack("<BIHB", 0, NOON, 60 * 128, 4),
        define(0, 371, TIME, (0, 2, UINT16)), struct.pack("<BIH", 0, NOON, 55 * 128),
    )  # fmt: skip
    messages = decode(data)
    assert messages.columns("monitoring_hr_data")["resting_heart_rate"].tolist() == [52.0]
    assert messages.columns("monitoring_hr_data")["current_day_resting_heart_rate"].tolist() == [49.0]
    assert messages.columns("sleep_level")["sleep_level"].tolist() == ["deep"]
    assert messages.columns("sleep_assessment")["overall_sleep_score"].tolist() == [81.0]
    assert messages.columns("hrv_status_summary")["last_night_average"].tolist() == [60.0]
    assert messages.columns("hrv_status_summary")["status"].tolist() == ["balanced"]
    assert messages.columns("hrv_value")["value"].tolist() == [55.0]


def test_the_data_file_and_the_tables_of_fitparse_agree() -> None:
    tables = fitparse.profile.MESSAGE_TYPES
    both = [
        (field, tables[number].fields[key])
        for number in message_numbers() if number in tables and (message := message_of(number))
        for key, field in message.fields.items() if key in tables[number].fields
    ]  # fmt: skip
    assert len(both) > 1000
    for ours, theirs in both:
        assert ours.name == theirs.name
        if theirs.units != "semicircles":
            assert (ours.scale, ours.offset) == (theirs.scale or 1, theirs.offset or 0), ours.name
        assert ours.base.name == getattr(theirs.type, "base_type", theirs.type).name, ours.name


# -- real files


def manifest(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "fit" / "manifest.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_real_files_give_every_record(corpus: Path) -> None:
    rows = manifest(corpus)
    assert len(rows) > 100
    for row in rows:
        messages = decode((corpus / "fit" / row["file"]).read_bytes())
        if row["damage"]:  # a strict reader stops there
            assert messages.count("record") >= int(row["records"]), row["file"]
            assert messages.problems, row["file"]
        else:
            assert messages.count("record") == int(row["records"]), row["file"]


def test_real_files_read_as_fitparse_reads_them(corpus: Path) -> None:
    """A subset; `python -m benchmarks.fit_readers FOLDER --compare` goes through all files and fields."""
    fitting = [row for row in manifest(corpus) if not row["damage"] and 10 < int(row["records"]) < 300]
    chosen = [row["file"] for row in fitting if row["chained"] == "1" and "bad_" not in row["flags"]][::6]
    assert len(chosen) >= 5
    compared = 0
    for name in chosen:
        data = (corpus / "fit" / name).read_bytes()
        ours = decode(data)
        columns = {kind: ours.columns(kind) for kind in ("record", "session", "lap")}
        seen = dict.fromkeys(columns, -1)
        for message in fitparse.FitFile(data).get_messages(list(columns)):
            seen[message.name] += 1
            compared += sum(agrees(field, columns[message.name], seen[message.name]) for field in message.fields)
        assert {kind: ours.count(kind) for kind in columns} == {kind: last + 1 for kind, last in seen.items()}, name
    assert compared > 2000


def agrees(field: fitparse.records.FieldData, columns: dict[str, np.ndarray], row: int) -> bool:
    """Compare one number of fitparse with ours; False for what is not compared."""
    plain = isinstance(field.value, (int, float)) and field.name in columns and field.units != "semicircles"
    if not plain or columns[field.name].dtype.kind != "f" or field.name.startswith("enhanced"):
        return False
    assert columns[field.name][row] == pytest.approx(field.value, rel=1e-12), field.name
    return True
