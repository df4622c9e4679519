"""Lightning's command line over the experiments' YAML files: a folder for each run, no silent change of meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ArgumentError
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from deblur_lightning.callbacks.classification import ClassificationWriter
from deblur_lightning.callbacks.divergence import StopAtDivergence
from deblur_lightning.callbacks.gain_by_blur import GainByBlur
from deblur_lightning.callbacks.health import HealthPanel
from deblur_lightning.callbacks.interrupt import SaveOnInterrupt, stop_cause
from deblur_lightning.callbacks.label_writer import LabelWriter
from deblur_lightning.callbacks.pictures import ComparisonPictures
from deblur_lightning.callbacks.predictions import PredictionWriter
from deblur_lightning.callbacks.progress import RunProgress
from deblur_lightning.callbacks.rng_state import SaveRNGState
from deblur_lightning.callbacks.schedule_monitor import ScheduleMonitor
from deblur_lightning.callbacks.scores import ScoreWriter
from deblur_lightning.commands.classes import construct
from deblur_lightning.commands.experiment.checkpoints import (
    AtomicCheckpoints,
    Checkpoints,
    check_checkpoint,
    command_with,
    run_of,
)
from deblur_lightning.commands.experiment.loggers import (
    RunCurves,
    TensorBoard,
    ToleratedWandb,
    go_offline_if_need_be,
)
from deblur_lightning.commands.experiment.lost_process import lost_process
from deblur_lightning.commands.experiment.option_names import with_options
from deblur_lightning.commands.experiment.run_folder import (
    SharedFolder,
    check_writable,
    experiment_name,
    leave_if_unused,
    take_folder,
)
from deblur_lightning.commands.experiment.settings import RunConfig, check_course, course, without_run
from deblur_lightning.commands.experiment.weights import freeze, network_settings, start_from, use, weights_of
from deblur_lightning.commands.mistakes import causes_of, explain, message_of, one_line
from deblur_lightning.commands.nested_settings import parsed_once
from deblur_lightning.errors import UserError
from deblur_lightning.lightning_internals import end_started_processes
from deblur_lightning.methods.classifier import ImageClassifier


class ExperimentCLI(LightningCLI):
    """LightningCLI with a folder for each run, refusing what would silently mean something else."""

    def __init__(self, argv: Sequence[str]) -> None:
        # abbreviated keys would let misspelt ones pass; errors are told in one line by ``run``
        strict: dict[str, Any] = {"exit_on_error": False, "allow_abbrev": False}
        self._taken: Path | None = None
        self._asked = argv[0]
        self.given: Any = None
        try:
            super().__init__(
                LightningModule,
                LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                args=list(argv),
                seed_everything_default=0,
                auto_configure_optimizers=False,
                save_config_callback=None,
                trainer_defaults={"num_sanity_val_steps": 1},
                parser_kwargs={**strict, **{name: dict(strict) for name in self.subcommands()}},
            )
        except Exception as error:
            for cause in causes_of(error):
                if isinstance(cause, UserError) and self.given is not None:
                    cause.args = (with_options(message_of(cause), self.given),)
            raise
        finally:
            leave_if_unused(self._taken)

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]  # Lightning's needs no instance
        """The one that is asked for: to build the parsers of all takes a third of a second."""
        return {self._asked: super().subcommands()[self._asked]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument("--run", type=str | None, help="folder of the run (default: runs/EXPERIMENT/NUMBER)")
        told = "whether a checkpoint that cannot be written ends the run; else training goes on after a warning"
        parser.add_argument("--stop_when_full", type=bool, default=True, help=told)
        meant = "whether a checkpoint's run may go on with other data or another precision than it had"
        parser.add_argument("--allow_changes", type=bool, default=False, help=meant)
        told = "a .ckpt, .safetensors or .pth, or shipped: fit starts from its weights, the others use its network"
        parser.add_argument("--weights", type=str | None, help=told)
        told = "parts of the network that are not trained, by the beginnings of their names, such as [encoders]"
        parser.add_argument("--freeze", type=list[str], default=[], help=told)
        parser.add_lightning_class_args(Checkpoints, "checkpoint")
        parser.add_lightning_class_args(ComparisonPictures, "pictures")
        best = {"monitor": "val/psnr", "mode": "max", "filename": "best", "save_last": True}
        parser.set_defaults({f"checkpoint.{name}": value for name, value in best.items()})

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        try:
            with parsed_once():
                self.config = parser.parse_args(args)
        except ArgumentError as error:
            defaults = self._subcommand_parsers[args[0]].get_defaults(skip_validation=True)
            raise UserError(explain(str(error), args, defaults.keys(branches=True))) from error
        self.given = self.config[self.config.subcommand]
        self.given.weights = weights_of(self.given, args)

    def _parse_ckpt_path(self) -> None:
        """In place of Lightning's own, which takes the checkpoint's settings for the configuration's in silence."""
        path = self.given.get("ckpt_path")
        if path is not None:
            check_checkpoint(Path(path), self.given.model)
            if self.config.subcommand == "fit":
                check_course(Path(path), course(self._parser("fit"), self.given), self.given.allow_changes)
        elif self.config.subcommand != "fit" and self.given.weights is None:
            raise UserError(
                f"deblur {self.config.subcommand} needs a trained restorer: --ckpt_path=RUN/checkpoints/best.ckpt, or "
                "--weights=FILE"
            )

    def _dump_config(self) -> None:
        """In place of Lightning's own, which checks again what was parsed: that takes longer than the rest."""
        if not hasattr(self, "config_dump"):
            whole = {"skip_unset": False, "skip_link_targets": False, "skip_validation": True}
            self.config_dump = yaml.safe_load(self._parser(self.subcommand).dump(self.given, **whole))

    def before_instantiate_classes(self) -> None:
        self.parser.add_instantiator(construct, object)  # after Lightning's own, for what is no module of its
        if self.subcommand == "fit" or not (self.given.run or self.given.ckpt_path):
            self.folder = self._taken = take_folder(self.given.run, experiment_name(self.given))
        else:
            self.folder = Path(self.given.run) if self.given.run else run_of(Path(self.given.ckpt_path))
            if self.subcommand != "validate":
                check_writable(self.folder)
        if self.subcommand == "test":
            self.given.verbose = False  # our own table says more than Lightning's
        elif self.subcommand == "predict":
            self.given.return_predictions = False  # they go to files, not to memory
        go_offline_if_need_be(self.given.trainer.logger)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        kwargs["default_root_dir"] = self.folder
        extra: list[Any] = [StopAtDivergence(), SaveRNGState(), *self._writers(), SaveOnInterrupt(), ScheduleMonitor()]
        if self.given.trainer.enable_progress_bar is not False:
            extra.append(RunProgress())
        if self._taken is not None and self.subcommand != "fit":
            extra.insert(0, SharedFolder())
        if self.subcommand == "fit" and not self.given.trainer.fast_dev_run:
            loggers = TensorBoard.of(ToleratedWandb.of(_as_list(self.config_init.fit.trainer.logger)), self.folder)
            kwargs["logger"] = [RunCurves(self.folder), *loggers]
            extra.insert(0, SharedFolder())
            extra.append(RunConfig(self._parser("fit"), without_run(self.given), save_to_log_dir=False))
        elif isinstance(self.given.trainer.logger, bool | None):
            kwargs["logger"] = False
        trainer = self._get(self.config_init, "trainer")
        kwargs["callbacks"] = [*_as_list(trainer.callbacks), *extra]
        kwargs["plugins"] = [*_as_list(trainer.plugins), AtomicCheckpoints(go_on=not self.given.stop_when_full)]
        return super().instantiate_trainer(**kwargs)

    def _run_subcommand(self, subcommand: str) -> None:
        try:
            super()._run_subcommand(subcommand)
        except Exception as error:
            stop = stop_cause(error)
            if stop is None or not stop.code:  # a signal ends all processes alike
                end_started_processes(self.trainer)
            if one_line(error) is None and lost_process(error):  # a busy port breaks the connection too
                last = self.folder / "checkpoints" / "last.ckpt"
                known = subcommand == "fit" and last.exists()
                how = f" Go on with {command_with('fit', self.folder, last)}" if known else ""
                raise UserError(f"another process of this run has ended: its own output says why.{how}") from error
            raise

    def _writers(self) -> list[Callback]:
        """What writes down what the model found."""
        if isinstance(self.model, ImageClassifier):
            return [ClassificationWriter(), LabelWriter()]
        return [ScoreWriter(), PredictionWriter(), HealthPanel(), GainByBlur()]

    def _instantiate_trainer(self, config: dict[str, Any], callbacks: list[Callback]) -> Trainer:
        if isinstance(self.model, ImageClassifier):  # there is no before and after to compare
            callbacks = [callback for callback in callbacks if not isinstance(callback, ComparisonPictures)]
        return super()._instantiate_trainer(config, callbacks)

    def before_fit(self) -> None:
        """Start from weights that are given, and say where everything will be."""
        if self.given.weights is not None and self.given.ckpt_path is None:
            start_from(self.model, Path(self.given.weights))
        if self.given.freeze:
            freeze(self.model, self.given.freeze)
        if self.trainer.is_global_zero and not self.given.trainer.fast_dev_run:
            print(f"run       {self.folder}", flush=True)

    def after_fit(self) -> None:
        """Say where everything is and how to go on."""
        if self.given.trainer.fast_dev_run:
            return
        folder, checkpoints = self.folder, Path(str(getattr(self.trainer.checkpoint_callback, "dirpath", self.folder)))
        if not (checkpoints / "last.ckpt").exists():  # a run too short for a validation
            self.trainer.save_checkpoint(checkpoints / "last.ckpt", weights_only=False)
        keeper = self.trainer.checkpoint_callback
        score, shown = keeper.best_model_score if isinstance(keeper, Checkpoints) else None, "val_*.png"
        if isinstance(keeper, Checkpoints) and score is None and self.trainer.enable_validation:
            shown = "validate.png"
            self.trainer.validate(self.model, datamodule=self.datamodule, verbose=False)
            score = self.trainer.callback_metrics.get(str(keeper.monitor))
        if not self.trainer.is_global_zero or not (checkpoints / "last.ckpt").exists():
            return
        best = "best.ckpt" if (checkpoints / "best.ckpt").exists() else "last.ckpt"
        pictures = sorted((folder / "pictures").glob(shown))
        print(f"\nrun       {folder}")
        if isinstance(keeper, Checkpoints) and score is not None:
            print(f"best      {keeper.monitor} {float(score):.4g}, in {checkpoints / best}")
        if pictures:
            print(f"picture   {pictures[-1]}")
        print(f"test      {command_with('test', folder, checkpoints / best)}")
        print(f"continue  {command_with('fit', folder, checkpoints / 'last.ckpt')}")

    def before_validate(self) -> None:
        """Put the network of a file in place of the settings'."""
        if self.given.weights is not None:
            use(self.model, Path(self.given.weights))

    before_test = before_predict = before_validate

    def after_test(self) -> None:
        """Say where the scores and the picture are, and write down what was tested if that is of no run."""
        if self.given.weights is not None and self._taken is not None and self.trainer.is_global_zero:
            self.given.model.init_args.network = network_settings(Path(self.given.weights))
            config = RunConfig(self._parser("test"), without_run(self.given), save_to_log_dir=False)
            config.save_config(self.trainer, self.model, "test")
        if self.trainer.is_global_zero:
            print(f"scores    {self.folder}/scores.csv\npicture   {self.folder}/pictures/test.png")

    def after_predict(self) -> None:
        """Say where the restored images, or the labels, are."""
        if self.trainer.is_global_zero:
            print(f"written   {self.folder}/predictions")


def _as_list(given: Any) -> list[Any]:
    """What the configuration gives as nothing, one object or a list of them."""
    if isinstance(given, bool) or given is None:
        return []
    return list(given) if isinstance(given, list) else [given]
