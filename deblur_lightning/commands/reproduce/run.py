"""Runs what claims need, estimates the time it takes, and writes the ledger."""

import time
from argparse import Namespace
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import chain, repeat
from pathlib import Path

import torch
from torch import nn

from deblur_lightning.commands.reproduce.exchange import check_export, export_runs, import_runs
from deblur_lightning.commands.reproduce.many_runs import duration, make_runs, run_name
from deblur_lightning.commands.reproduce.one_run import stopping
from deblur_lightning.commands.reproduce.run_folders import lock_run
from deblur_lightning.errors import UserError
from deblur_lightning.files.experiments import claims_path
from deblur_lightning.ledger.claims import BUDGETS, Claim, ClaimSet, read_claims
from deblur_lightning.ledger.looks import plan
from deblur_lightning.ledger.rows import build_rows, count_verdicts
from deblur_lightning.ledger.runs import Run, Runs, finished_runs, list_runs, select_shard
from deblur_lightning.ledger.tables import check_ledger, write_ledger

PROBE_SECONDS = 1.1
"""Time of ``probe`` on the CPU core that the seconds in ``claims.yaml`` were measured on."""


def reproduce(given: Namespace) -> list[str]:
    """Make the runs and write the ledger; returns the folders of the runs that failed.

    Raises:
        UserError: something is missing, or does not fit.
    """
    _check(given)
    claim_set = read_claims(Path(given.claims) if given.claims else claims_path())
    claims = claim_set.claims if given.all else claim_set.select(tuple(given.names))
    data = _data_folder(claims, given, claim_set)
    root = Path(given.runs)
    runs = list_runs(claim_set, root)
    check_ledger(Path(given.out))
    if given.import_from is not None:
        import_runs(runs, root, given.import_from)
    rounds = _rounds(claims, given, claim_set, runs, data) if claims else iter(())
    if given.list:
        next(rounds, None)
        return []
    failed = [run for missing in rounds for run in make_runs(missing, data, given.jobs)]
    with lock_run(root / "ledger", stopping):  # of several processes, the last one sees all runs
        _write(claim_set, runs, Path(given.out), {claim.id for claim in claims or claim_set.claims})
    if given.export_to is not None:
        export_runs(runs, root, given.export_to)
    return failed


def _rounds(
    claims: Sequence[Claim], given: Namespace, claim_set: ClaimSet, runs: Runs, data: Path | None
) -> Iterator[list[Run]]:
    """The runs to make, and after these the further seeds of claims that they leave undecided, until all is made."""
    tried: set[Path] = set()
    for is_first in chain([True], repeat(False)):
        wanted = select_shard(plan(claims, given.budget, claim_set, runs, data), given.shard)
        missing = [run for run in wanted if run.folder not in tried and not run.is_done()]
        if not (is_first or missing):
            return
        _print_plan(wanted, missing, given.jobs)
        yield missing
        tried |= {run.folder for run in missing}


def _write(claim_set: ClaimSet, runs: Runs, out: Path, shown: Collection[str]) -> None:
    rows = build_rows(claim_set, runs)
    write_ledger(rows, finished_runs(runs), out)
    for row in rows:
        if row.id in shown:
            print(f"{row.id:<18}{row.claimed:<28}{row.measured:<12}{row.verdict}")
    print(f"ledger    {out}/ledger.md: {count_verdicts(rows)}")


def _check(given: Namespace) -> None:
    if given.budget not in BUDGETS:
        raise UserError(f"--budget={given.budget}: choose from {', '.join(reversed(BUDGETS))}.")
    if given.jobs < 1:
        raise UserError(f"--jobs={given.jobs}: give 1 or more.")
    exchanges = given.import_from is not None or given.export_to is not None
    if (given.names and given.all) or not (given.names or given.all or exchanges):
        raise UserError("name claims, or give --all for all of them: experiments/claims.yaml has them.")
    check_export(given.export_to)


def _data_folder(claims: Sequence[Claim], given: Namespace, claim_set: ClaimSet) -> Path | None:
    if given.data is None:
        return None
    data = Path(given.data).expanduser().resolve()
    if not data.is_dir():
        raise UserError(f"--data={given.data} is no folder: give one that holds sets, such as MNIST/raw.")
    _print_data(claims, given.budget, claim_set, data)
    return data


def _print_data(claims: Sequence[Claim], budget: str, claim_set: ClaimSet, data: Path) -> None:
    names = [name for claim in claims if claim.is_measurable(budget, claim_set) for name in claim.trainings]
    for name in sorted({claim_set.trainings[name].data for name in names} - {""}):
        found = claim_set.data[name]
        source = f"from {data}" if (data / found.needs).exists() else "absent, built-in data instead"
        print(f"data      {found.words}: {source}")


def _print_plan(wanted: Sequence[Run], missing: Sequence[Run], jobs: int) -> None:
    factor = _slowness() if missing else 1.0
    for run in missing:
        print(f"  {run_name(run):<44}{run.state():<9}about {duration(run.seconds * factor)}")
    whole = sum(run.seconds for run in missing) * factor / jobs
    done = len(wanted) - len(missing)
    print(f"{len(missing)} runs to make, about {duration(whole)} here; {done} are there.", flush=True)


@cache
def _slowness() -> float:
    """How much longer a training takes here than on the core that the seconds in ``claims.yaml`` are of."""
    return probe() / PROBE_SECONDS


def probe(steps: int = 20) -> float:
    """Seconds that a small training takes on this machine."""
    network = nn.Sequential(nn.Conv2d(3, 64, 9, padding=4), nn.ReLU(), nn.Conv2d(64, 3, 5, padding=2))
    if torch.cuda.is_available():
        network = network.cuda()
    images = torch.rand(8, 3, 64, 64, device=next(network.parameters()).device)
    for step in range(steps + 2):
        if step == 2:  # the first ones allocate
            begun = time.perf_counter()
        network(images).square().mean().backward()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun
