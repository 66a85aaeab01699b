"""Fill an empty database with demo data: `python seed.py --patients 200 --seed 1 [--fhir PATH]`.

The same seed makes the same people, ids included. It refuses where patients are registered already, and in production.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from server import create_app
from server.demo import PATIENTS, SEED, DemoRefused, seed as make, tell
from server.modules.fhir.cli import show, take_in_with_bar
from server.modules.fhir.inputs import find_inputs
from server.modules.fhir.tally import Tally


@click.command()
@click.option("--patients", default=PATIENTS, show_default=True, type=click.IntRange(0), help="How many patients.")
@click.option("--fhir", type=click.Path(exists=True, path_type=Path), help="Take these FHIR resources in as well.")
@click.option("--seed", default=SEED, show_default=True, help="The same number makes the same content.")
def main(patients: int, fhir: Path | None, seed: int) -> None:
    """Make an account for each role, and patients with allergies, conditions and care teams."""
    with create_app().app_context():
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("patients", total=patients)
            try:
                accounts = make(patients=patients, seed=seed, on_patient=lambda: progress.advance(task))
            except DemoRefused as refused:
                raise click.ClickException(str(refused)) from None
        click.echo(f"{patients} patients made.")
        if fhir:
            tally = Tally()
            take_in_with_bar(find_inputs([fhir], None), tally)
            show(tally)
        if accounts.emails:
            tell(accounts)


if __name__ == "__main__":
    main()
