"""Makes the runs of a study, and writes its results once all of them are there."""

from argparse import Namespace
from pathlib import Path

from deblur_lightning.commands.reproduce.exchange import check_export, export_runs, import_runs
from deblur_lightning.commands.reproduce.many_runs import make_runs, run_name
from deblur_lightning.errors import UserError
from deblur_lightning.files.experiments import experiment_path
from deblur_lightning.ledger.runs import Run, Runs, select_shard
from deblur_lightning.ledger.study import Study, check_sets, list_study_runs, read_study
from deblur_lightning.ledger.study_tables import check_results, write_results


def run_study(given: Namespace) -> list[str]:
    """Run what is missing; returns the folders of the runs that failed.

    Raises:
        UserError: something is missing, or does not fit.
    """
    if given.jobs < 1:
        raise UserError(f"--jobs={given.jobs}: give 1 or more.")
    check_export(given.export_to)
    path = experiment_path(given.study)
    study = read_study(path)
    root = Path(given.runs or f"runs/studies/{path.stem}")
    out = Path(given.out) if given.out else root / "results"
    check_results(out)
    runs = list_study_runs(study, root)
    if given.import_from is not None:
        import_runs(runs, root, given.import_from)
    wanted = select_shard([run for group in runs.values() for run in group], given.shard)
    missing = [run for run in wanted if not run.is_done()]
    print(f"{len(missing)} runs to make; {len(wanted) - len(missing)} are there.", flush=True)
    if given.list:
        for run in missing:
            print(f"  {run_name(run):<60}{run.state()}")
        return []
    failed = make_runs(missing, _data_folder(study, given) if missing else None, given.jobs)
    if given.export_to is not None:
        export_runs(runs, root, given.export_to)
    _write(study, runs, out)
    return failed


def _data_folder(study: Study, given: Namespace) -> Path | None:
    data = None if given.data is None else Path(given.data).expanduser().resolve()
    if data is not None and not data.is_dir():
        raise UserError(f"--data={given.data} is no folder: give the one that the study's sets lie in.")
    check_sets(study, data)
    return data


def _write(study: Study, runs: Runs, out: Path) -> None:
    unfinished: list[Run] = [run for group in runs.values() for run in group if not run.is_done()]
    if unfinished:
        print(f"results   not yet: {len(unfinished)} runs are not finished, the first is {unfinished[0].folder}")
        return
    for line in write_results(study, runs, out):
        print(line)
    print(f"results   {out}/study.md, study.tex, study.csv, comparisons.csv and study.pdf")
