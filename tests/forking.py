"""Processes of Python that are forked and not started, since small studies are mostly imports.

A server has the libraries of all jobs in memory, but not the project's own code.  For each command
it forks a process, which gets the arguments, folder, environment and open files of a client; the
client is an executable that stands in for the interpreter, in Snakemake's jobs as well.  With
NEURONINFO_TESTS_START=1 all processes are started anew, as those of users are.  The processes of
the tutorial, of jobs in SLURM and of tests that kill jobs are always started.

Forked processes share the order of sets of strings, and they see modules that they did not import.
Therefore one of two runs that are compared is started.  `benchmark` files have the time and memory
of the client.  If the client is stopped by any signal, its process is killed with all that it
started.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Final, NoReturn

import numpy as np

PRELOADED: Final = (
    *("snakemake.cli", "snakemake.script", "snakemake_executor_plugin_slurm"),
    *("numpy", "pandas", "xarray", "netCDF4", "scipy.stats", "scipy.optimize", "scipy.spatial"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("numba", "torch", "msgspec", "jsonschema", "yaml", "sklearn.datasets", "PIL.Image"),
)
"""Modules of the server; those that are not installed are left out."""
SOCKET: Final = "NEURONINFO_TESTS_SOCKET"
"""Variable of the environment that tells the client where the server listens."""
STARTED: Final = "NEURONINFO_TESTS_START"
"""Variable of the environment: processes are started and not forked."""
CLIENT: Final = f"""\
#!{sys.executable} -IS
import json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(os.environ["{SOCKET}"])
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(8, "little")], [0, 1, 2])
server.sendall(request)
status = json.loads(server.makefile().read() or "1")
if status < 0:  # by a signal
    if -status != signal.SIGKILL:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""
"""Program that has a process forked and ends as that does; if it is killed, that is killed too."""


class Server:
    """A process that forks others, and the client that stands in for the interpreter."""

    def __init__(self, folder: Path) -> None:
        self.client = folder / "python"
        self.client.write_text(CLIENT, encoding="utf-8")
        self.client.chmod(0o755)
        self.environment = {**os.environ, SOCKET: str(folder / "socket")}
        # One thread, as Snakemake gives it to jobs: libraries read this when they are imported.
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        # By its path, since the folder of the tests is not on the path of the jobs.
        self.process = subprocess.Popen(
            [sys.executable, __file__, folder / "socket", str(os.getpid())],
            env=self.environment | one_thread,
        )
        while not (folder / "socket").exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}")
            time.sleep(0.05)


@functools.cache
def server() -> Server:
    """The server of this process and its tests, started when it is first needed."""
    return Server(Path(tempfile.mkdtemp(prefix="neuroninfo-tests-")))


def python() -> tuple[str, dict[str, str]]:
    """The interpreter for tests that run studies, and the environment that it needs."""
    if os.environ.get(STARTED):
        return sys.executable, dict(os.environ)
    return str(server().client), server().environment


def serve(address: str, parent: int) -> None:
    """Fork a process for each request, until the process that started the server has ended.

    Then the folder of the socket goes, too.
    """
    for module in PRELOADED:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name):
                raise
    gc.freeze()  # what all processes share is not searched by each of them
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.early")
    listening.listen(64)
    Path(f"{address}.early").rename(address)  # it is there once it is listened to
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the processes that watch others are forgotten
    listening.settimeout(5)
    while os.getppid() == parent:
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _watch(connection)
        connection.close()
    shutil.rmtree(Path(address).parent)


def _watch(connection: socket.socket) -> NoReturn:
    """Fork the process of a request, and tell the client how it ended."""
    length, files, _, _ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as stream:
        arguments, folder, environment = json.loads(stream.read(int.from_bytes(length, "little")))
    process = os.fork()
    if process == 0:
        os.setpgid(0, 0)
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        _run(arguments)
    with contextlib.suppress(OSError):  # it has done so itself, or has ended
        os.setpgid(process, process)
    for file in files:
        os.close(file)
    ended = os.pidfd_open(process)
    if connection in select.select([connection, ended], [], [])[0]:  # the client was killed
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(json.dumps(status).encode())
    os._exit(0)


def _run(arguments: list[str]) -> NoReturn:
    """Do what the interpreter does with these arguments: ``-m module ...`` or ``script ...``."""
    sys.executable = str(Path(os.environ[SOCKET]).with_name("python"))
    status = 0
    np.random.seed()  # noqa: NPY002 - else all processes would draw the same numbers
    try:
        if arguments[0] == "-m":
            sys.argv, sys.path[0] = arguments[1:], str(Path.cwd())
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = arguments, str(Path(arguments[0]).parent)
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    # The usual end takes a second, since it takes all modules apart.
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
