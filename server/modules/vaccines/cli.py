"""`flask import cdsi` puts CDC's schedule in force; `flask vaccines measure` says how far the engine keeps to it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import cast

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from server.core import trail as trails
from server.core.db import reading
from server.core.uow import command
from server.modules.vaccines.engine import Rules, builtin_rules
from server.modules.vaccines.schedules.archive import Unreadable, open_source
from server.modules.vaccines.schedules.cases import Agreement, measure, read_cases
from server.modules.vaccines.schedules.cdsi import read_cdsi
from server.modules.vaccines.schedules.store import current_rules, load_rules
from server.modules.vaccines.service.validity import patients_with_doses, rejudge_locked

vaccines = AppGroup("vaccines", help="Look after the immunisation schedule.")
PATIENTS_A_COMMIT = 100


def add_commands(app: Flask) -> None:
    """Hang the commands in."""
    cast(AppGroup, app.cli.commands["import"]).add_command(import_cdsi)
    app.cli.add_command(vaccines)


@click.command("cdsi")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@with_appcontext
def import_cdsi(source: Path) -> None:
    """Put CDC's CDSi supporting data in force: the XML edition, as an archive or an unpacked folder.

    It takes the place of the schedule in force, and every dose is judged anew by it. The same edition again changes
    nothing.
    """
    try:
        opened = open_source(source)
        rules = read_cdsi(opened)
    except Unreadable as error:
        raise click.ClickException(str(error)) from None
    with command("vaccines.import_schedule", "schedule_rules"):
        is_new = load_rules(rules, sha256=opened.sha256)
        trails.current().values_after.update(edition=rules.edition, sha256=opened.sha256)
    if is_new:
        click.echo(f"{rules.name} {rules.edition} is in force: {len(rules.series)} series, {len(rules.groups)} groups.")
    else:
        click.echo(f"{rules.name} {rules.edition} was in force already.")
    # Again even where nothing is new: an import that was interrupted left doses that are not judged yet.
    click.echo(f"Doses judged otherwise than before: {_judge_all()}")


def _judge_all() -> int:
    """Judge all doses of all patients anew, some patients a commit."""
    patients = patients_with_doses(reading())
    changed = 0
    for start in range(0, len(patients), PATIENTS_A_COMMIT):
        with command("vaccines.rejudge", "immunization"):
            for patient_id in patients[start : start + PATIENTS_A_COMMIT]:
                changed += rejudge_locked(patient_id)
    return changed


@vaccines.command("measure")
@click.argument("cases", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rules", "source", type=click.Path(exists=True, path_type=Path), help="Supporting data to go by.")
@click.option("--built-in", is_flag=True, help="Go by the built-in schedule.")
def measure_cases(cases: Path, source: Path | None, *, built_in: bool) -> None:
    """Compare with CDC's official test cases (CSV), by the schedule in force unless another one is named.

    `agree`: every dose counts as it should, and the recommended day of the next one is right. `strict`: the earliest
    and past due days and the series status too.
    """
    try:
        rules = builtin_rules() if built_in else _rules(source)
        found = list(measure(rules, read_cases(cases)))
    except Unreadable as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{rules.name} {rules.edition}, {len(found)} cases")
    for line in report(found):
        click.echo(line)


def _rules(source: Path | None) -> Rules:
    """Give the rules of a file, or those in force."""
    return read_cdsi(open_source(source)) if source else current_rules(reading())


def report(found: Iterable[Agreement]) -> list[str]:
    """Write the shares by vaccine group and in all, the groups that no case reached, and the cases that differ."""
    by_group = sorted(found, key=lambda one: one.case.vaccine_group)
    groups = {name: list(cases) for name, cases in groupby(by_group, key=lambda one: one.case.vaccine_group)}
    lines = [f"{'group':<12}{'cases':>6}{'doses':>7}{'agree':>7}{'strict':>8}  share"]
    lines += [_line(name, cases) for name, cases in groups.items()]
    lines.append(_line("all", by_group))
    unreached = [name for name, cases in groups.items() if not any(one.main for one in cases)]
    lines.append(f"Groups not reached: {', '.join(unreached) or 'none'}")
    lines += [f"Differs: {_difference(one)}" for one in by_group if not one.strict]
    return lines


def _line(name: str, cases: list[Agreement]) -> str:
    """Write one line of shares."""
    doses, main, strict = (sum(getattr(one, what) for one in cases) for what in ("doses", "main", "strict"))
    share = main / len(cases) if cases else 0
    return f"{name:<12}{len(cases):>6}{doses:>7}{main:>7}{strict:>8}  {share:.1%}"


def _difference(one: Agreement) -> str:
    """Write what differs in one case."""
    case, due = one.case, one.due
    wanted = (case.series_status, case.earliest_on, case.recommended_on, case.past_due_on)
    got = (due.series_status, due.earliest_on, due.recommended_on, due.past_due_on) if due else ("no forecast",)
    doses = "" if one.doses else f" doses {', '.join(case.validities)};"
    return f"{case.id} {case.vaccine_group}:{doses} wanted {_told(wanted)}; got {_told(got)}"


def _told(values: tuple[object, ...]) -> str:
    """Write values in a row."""
    return " ".join("-" if value is None else str(value) for value in values)
