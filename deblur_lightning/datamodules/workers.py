"""Makes loader processes ignore the signals that are meant for the run."""

import os
import signal
from multiprocessing import parent_process
from threading import Thread


def ignore_signals(worker: int) -> None:
    """Keep a loader process alive when a terminal or a scheduler signals all processes of a run.

    The run itself stops at the end of a batch, for which it may still need its loaders. A loader obeys SIGTERM only
    from the run's own process, which ends its loaders in this way.

    Args:
        worker: the number of this process, as ``DataLoader`` gives it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    run = parent_process()  # os.getppid() would be a fork server, where there is one
    if run is not None and hasattr(signal, "sigwaitinfo"):  # macOS has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_exit_at_sigterm_from, args=(run.pid,), daemon=True).start()


def _exit_at_sigterm_from(process: int | None) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != process:
        pass
    os._exit(0)
