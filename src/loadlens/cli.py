"""The command line: report, check, plan, budget, cohort, demo, simulate, notebooks. Says what it did and where it is.

Exit codes: 0 done, 1 the input cannot be used (one plain sentence says why), 2 the command was not understood.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from loadlens import __version__, words
from loadlens.formats.source import UnreadableFile
from loadlens.log import RunningLog

SAMPLES = Path(__file__).parents[2] / "sample_data"
DEMO = "overload"
FAILED_SHOWN = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``loadlens``; those of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    given = _parser().parse_args(argv)
    try:
        return int(given.run(given))
    except UnreadableFile as error:
        print(f"loadlens: {error.tell(given.lang)}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"loadlens: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="loadlens", description=words.say("cli.about"))
    parser.add_argument("--version", action="version", version=f"loadlens {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    report = commands.add_parser("report", help=words.say("cli.help_report"))
    _add_input(report)
    _add_output(report)
    report.add_argument("--pdf", action="store_true", help=words.say("cli.help_pdf"))
    report.add_argument("--name", metavar="NAME", help=words.say("cli.help_name"))
    report.set_defaults(run=_report)

    check = commands.add_parser("check", help=words.say("cli.help_check"))
    _add_input(check)
    check.add_argument("--json", action="store_true", help=words.say("cli.help_json"))
    check.set_defaults(run=_check)

    plan = commands.add_parser("plan", help=words.say("cli.help_plan"))
    _add_input(plan)
    plan.set_defaults(run=_plan)

    budget = commands.add_parser("budget", help=words.say("cli.help_budget"))
    _add_input(budget)
    budget.add_argument("--per-year", type=float, metavar="N", help=words.say("cli.help_per_year"))
    budget.set_defaults(run=_budget)

    _add_cohort(commands)

    demo = commands.add_parser("demo", help=words.say("cli.help_demo"))
    _add_language(demo)
    _add_output(demo)
    demo.set_defaults(run=_demo)

    simulate = commands.add_parser("simulate", help=words.say("cli.help_simulate"))
    simulate.add_argument("out", type=Path, metavar="OUT", help=words.say("cli.help_out"))
    simulate.add_argument("--seed", type=int, default=0, help=words.say("cli.help_seed"))
    _add_language(simulate)
    simulate.set_defaults(run=_simulate)

    notebooks = commands.add_parser("notebooks", help=words.say("cli.help_notebooks"))
    notebooks.add_argument("folder", type=Path, metavar="DIR", help=words.say("cli.help_notebooks_folder"))
    _add_language(notebooks)
    notebooks.set_defaults(run=_notebooks)
    return parser


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help=words.say("cli.help_paths"))
    parser.add_argument("--tz", help=words.say("cli.help_tz"))
    parser.add_argument("--no-cache", dest="cache", action="store_false", help=words.say("cli.help_no_cache"))
    parser.add_argument("--profile", action="append", default=[], metavar="TOML", help=words.say("cli.help_profile"))
    _add_language(parser)


def _add_cohort(commands: Any) -> None:
    cohort = commands.add_parser("cohort", help=words.say("cli.help_cohort"))
    cohort.add_argument("root", metavar="ROOT", help=words.say("cli.help_cohort_root"))
    cohort.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help=words.say("cli.help_cohort_out"))
    where = cohort.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help=words.say("cli.help_jobs"))
    where.add_argument("--scheduler", metavar="ADDRESS", help=words.say("cli.help_scheduler"))
    cohort.add_argument("--tz", help=words.say("cli.help_tz"))
    cohort.add_argument("--profile", action="append", default=[], metavar="TOML", help=words.say("cli.help_profile"))
    cohort.add_argument("--deidentify", action="store_true", help=words.say("cli.help_deidentify"))
    cohort.add_argument("--key-file", type=Path, metavar="FILE", help=words.say("cli.help_key_file"))
    _add_language(cohort)
    cohort.set_defaults(run=_cohort)


def _add_language(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lang", choices=words.LANGUAGES, default="en", help=words.say("cli.help_lang"))


def _add_output(parser: argparse.ArgumentParser) -> None:
    out = Path("loadlens_report.html")
    parser.add_argument("-o", "--out", type=Path, default=out, metavar="FILE", help=words.say("cli.help_report_out"))


def _read(
    paths: Sequence[str | Path],
    lang: str,
    tz: str | None = None,
    profiles: Sequence[str] = (),
    *,
    cache: bool = True,
) -> RunningLog:
    from loadlens.files import read  # heavy: not for --help
    from loadlens.report_sections import tell_no_runs

    log = read(*paths, tz=tz, profiles=profiles, cache=cache)
    print("\n".join(filter(None, [_tell_read(log, lang), tell_no_runs(log, lang)])))
    return log


def _tell_read(log: RunningLog, lang: str) -> str:
    first, last = log.span
    return words.say(
        "cli.read",
        lang,
        sources=words.number(float((log.sources["status"].isin(["read", "damaged"])).sum()), lang),
        runs=words.number(float(len(log.runs)), lang),
        first=words.date(first, lang),
        last=words.date(last, lang),
        unread=words.number(float((log.sources["status"] == "unreadable").sum()), lang),
    )


def _report(given: argparse.Namespace) -> int:
    from loadlens.reports import check_target

    check_target(given.out.expanduser(), given.lang)  # before minutes of reading
    log = _read(given.paths, given.lang, given.tz, given.profile, cache=given.cache)
    outs = dict.fromkeys([given.out, *([given.out.with_suffix(".pdf")] if given.pdf else [])])
    return _write_report(log, outs, given.lang, given.name)


def _write_report(log: RunningLog, outs: Iterable[Path], lang: str, name: str | None = None) -> int:
    from loadlens.findings import assess
    from loadlens.reports import report, write_page

    found = assess(log)
    latest = found.rules["level"].astype(str)
    assessed = int((latest != "not_assessable").sum())
    above = int(latest.isin(["watch", "act", "doctor", "emergency"]).sum())
    alarms = len(found.alarms)
    print(words.say("cli.assessed", lang, assessed=assessed, rules=len(latest), above=above, alarms=alarms))
    first, *others = outs
    written = Path(report(found, first, lang=lang, name=name))
    print(words.say("cli.written", lang, path=str(written.resolve())))
    for out in others:
        print(words.say("cli.written", lang, path=str(write_page(written.read_text("utf-8"), out, lang).resolve())))
    return 0


def _plan(given: argparse.Namespace) -> int:
    from loadlens.guidance import read_guidance
    from loadlens.planning import plan, tell_plan

    log = _read(given.paths, given.lang, given.tz, given.profile, cache=given.cache)
    guidance = read_guidance()
    print("\n".join(tell_plan(plan(log, guidance), guidance, given.lang)))
    return 0


def _budget(given: argparse.Namespace) -> int:
    from loadlens.alarm_budget import budget, fit_budget, tell_budget
    from loadlens.guidance import read_guidance

    log, guidance = _read(given.paths, given.lang, given.tz), read_guidance()
    if given.per_year is not None:
        guidance = fit_budget(log, guidance, per_year=given.per_year)
    print("\n".join(tell_budget(budget(log, guidance), guidance, given.lang)))
    if given.per_year is not None and not guidance.moved:
        print(words.say("cli.nothing_moved", given.lang))
    return 0


def _cohort(given: argparse.Namespace) -> int:
    from loadlens import cohort
    from loadlens.studies import deidentification

    secret, key = None, given.key_file or given.out.with_name(f"{given.out.name}.key")
    if given.deidentify:
        if key.resolve().is_relative_to(given.out.resolve()):
            raise UnreadableFile("cohort_key_shared", where=str(key))
        secret = deidentification.find_secret(key)
        print("\n".join(deidentification.describe(given.lang)))
        print(words.say("cli.cohort_key", given.lang, path=str(key.resolve())))
    elif given.key_file is not None:
        raise UnreadableFile("cohort_key_unused")
    options = {"jobs": given.jobs, "tz": given.tz, "profiles": given.profile, "secret": secret, "lang": given.lang}
    try:
        with _connect(given.scheduler) as executor:
            found = cohort.run(given.root, given.out, executor, **options)
    except KeyboardInterrupt:
        print(f"\n{words.say('cli.cohort_stopped', given.lang)}", file=sys.stderr)
        return 130
    print("\n".join(_tell_cohort(found, given.out.resolve(), given.lang)))
    return 0 if (found["status"] == "assessed").any() else 1


@contextmanager
def _connect(scheduler: str | None) -> Iterator[Executor | None]:
    """Give the executor of a running Dask cluster, or none where none is named."""
    if scheduler is None:
        yield None
        return
    try:
        import distributed
    except ImportError as error:
        raise UnreadableFile("package_missing", package="distributed", extra="cluster") from error
    connect: Any = distributed.Client
    with connect(scheduler) as client:
        yield client.get_executor(pure=False)


def _tell_cohort(found: pd.DataFrame, out: Path, lang: str) -> list[str]:
    """Tell how many were assessed, who was not and why, and where the results are."""
    failed = found[found["status"] == "failed"]
    reason = failed["reason" if lang == "en" else f"reason_{lang}"]
    lines = [
        f"  {name}: {why.removeprefix(f'{name}: ')}" for name, why in zip(failed["participant"], reason, strict=True)
    ]
    digest = json.loads((out / "manifest.json").read_text("utf-8"))["digest"]
    counts = {"assessed": len(found) - len(failed), "failed": len(failed)}
    said = {name: words.number(float(count), lang) for name, count in counts.items()}
    return [
        words.say("cli.cohort_done", lang, **said),
        *lines[:FAILED_SHOWN],
        *([words.say("cli.cohort_more_failed", lang)] if len(lines) > FAILED_SHOWN else []),
        words.say("cli.cohort_written", lang, path=str(out), digest=digest),
    ]


def _demo(given: argparse.Namespace) -> int:
    from loadlens.simulators.simulated_exports import write_samples

    if SAMPLES.is_dir():
        return _write_report(_read([SAMPLES / DEMO], given.lang), [given.out], given.lang)
    with tempfile.TemporaryDirectory() as folder:  # installed without the repository: simulate the same data first
        write_samples(Path(folder))
        return _write_report(_read([Path(folder) / DEMO], given.lang), [given.out], given.lang)


def _simulate(given: argparse.Namespace) -> int:
    from loadlens.simulators.simulated_exports import write_samples

    written = write_samples(given.out, seed=given.seed)
    print(words.say("cli.simulated", given.lang, files=len(written), path=str(given.out.resolve())))
    return 0


def _notebooks(given: argparse.Namespace) -> int:
    from loadlens.notebook_folder import copy_notebooks

    written, there = copy_notebooks(given.folder, given.lang)
    path = str(given.folder.expanduser().resolve())
    counts = {
        "written": words.number(float(len(written)), given.lang),
        "there": words.number(float(len(there)), given.lang),
    }
    print(words.say("cli.notebooks", given.lang, path=path, quoted=shlex.quote(path), **counts))
    return 0


def _check(given: argparse.Namespace) -> int:
    from loadlens import report_sections, source_checks

    if given.json:
        from loadlens.files import read

        log = read(*given.paths, tz=given.tz, profiles=given.profile, cache=given.cache)
        told = source_checks.check_log(log, given.lang) | {"loadlens": __version__}
        print(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1))
        return 0
    log, lang = _read(given.paths, given.lang, given.tz, given.profile, cache=given.cache), given.lang
    trust = {one["path"]: one for one in source_checks.check_sources(log, lang)}
    for heading, lines in (
        (
            "check.sources",
            [
                line
                for source in report_sections.sources(log, lang)
                for line in _tell_source(source, trust.get(source["path"], {}), lang)
            ],
        ),
        ("check.days", _tell_days(log.days, lang)),
        ("check.ledger", [_tell_entry(entry) for entry in report_sections.ledger(log, lang)]),
    ):
        print(f"\n{words.say(heading, lang)}")
        print("\n".join(lines) or words.say("check.ledger_empty", lang))
    return 0


def _tell_source(source: dict[str, Any], checked: dict[str, Any], lang: str) -> list[str]:
    """One file, or many alike: what it is, and below it what became of it and how far it can be trusted."""
    counts = dict(zip(("rows", "used", "set_aside"), source["counts"], strict=True))
    fit = {name: words.number(float(checked.get(name) or 0), lang) for name in ("headings", "headings_known")}
    below = [
        f"{source['status']} {source['format']}".rstrip(),
        source["message"],
        words.say("check.headings", lang, **fit) if checked.get("headings") else "",
        words.say("check.rows", lang, **counts) if source["format"] else "",
        source["period"].strip(words.MISSING),
        source["written"],
        *(f"- {sentence}" for sentence in checked.get("trust", ())),
    ]
    return [source["path"], *(f"    {line}" for line in below if line)]


def _tell_entry(entry: dict[str, Any]) -> str:
    others = f" +{entry['others']}" if entry["others"] else ""
    place = f"{entry['example']}{others}: " if entry["example"] else ""
    return f"{place}{entry['said']} [{entry['action']}]"


def _tell_days(days: pd.DataFrame, lang: str) -> list[str]:
    counts = days.groupby(["state", "reason"]).size().rename("count").reset_index()
    return [
        "{:6d}  {}: {}".format(
            row["count"], words.say("states." + row["state"], lang), words.say("day_reasons." + row["reason"], lang)
        )
        for row in counts.to_dict("records")
    ]


if __name__ == "__main__":
    sys.exit(main())
