"""Makes loader processes ignore the signals that are meant for the run."""

import os
import signal
from multiprocessing import parent_process
from threading import Thread


def leave_signals(worker: int) -> None:
    """Let a loader process live on when a terminal or the end of a job signals all processes of a run.

    The run stops by itself, at the end of a batch that the loaders may still have to give. SIGTERM counts only from the
    run's own process, which ends its loaders by it.

    Args:
        worker: the number of this process, as ``DataLoader`` gives it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    run = parent_process()  # os.getppid() would be a fork server, where there is one
    if run is not None and hasattr(signal, "sigwaitinfo"):  # macOS has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_end_when_told_by, args=(run.pid,), daemon=True).start()


def _end_when_told_by(process: int | None) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != process:
        pass
    os._exit(0)
