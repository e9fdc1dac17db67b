"""Runs every cell of one notebook in order, in a fresh kernel, and hands back what came of it.

Started by the runner inside the sandbox, as the first process there: with it, everything in the sandbox ends.
Standard input: one line of JSON, then the notebook. Standard output: lines of JSON; the last one names the
bytes that follow it, those of the notebook with its outputs and those of the files that it left in its
folder. What the kernel and its processes print beside the cells goes to standard error.
"""

import json
import os
import re
import signal
import sys
import time

WORKING = "/kaggle/working"
PRIVATE = "/tmp/home"
PIECE = 1 << 20


def main():
    # To the first process of its namespace, what it does not handle cannot be sent from inside.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    entrance = os.fdopen(0, "rb", closefd=False)
    task = json.loads(entrance.readline())
    source = entrance.read(task["notebook_bytes"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    say(answer, {"event": "started"})
    if task["probe"] is not None:
        say(answer, {"event": "probed", **probe(task["probe"])})
        return
    run = Run(task, answer)
    run.all_cells(source)
    end_everything_else()
    hand_back(answer, task, run)


def say(answer, event):
    answer.write(json.dumps(event).encode() + b"\n")
    answer.flush()


class Run:
    """What comes of one notebook."""

    def __init__(self, task, answer):
        self.task, self.answer = task, answer
        self.deadline = time.monotonic() + task["seconds"]
        self.notebook = None
        self.outcome, self.text, self.failed_cell, self.n_run, self.n_code = "stopped", "", None, 0, 0

    def all_cells(self, source):
        import nbformat
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        self.notebook = nbformat.reads(source.decode("utf-8", "replace"), as_version=4)
        cells = [(at, cell) for at, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]
        for _, cell in cells:
            cell.outputs, cell.execution_count = [], None
        self.n_code = len(cells)
        client = client_of(self)
        try:
            with client.setup_kernel():
                for number, (at, cell) in enumerate(cells, start=1):
                    self.failed_cell = number
                    say(self.answer, {"event": "cell", "number": number, "of": self.n_code})
                    if cell.source.strip():
                        client.execute_cell(cell, at, execution_count=number)
                    if client.is_flooded:
                        raise DeadKernelError("flooded")
                    self.n_run = number
            self.outcome, self.failed_cell = "ran", None
        except CellExecutionError as error:
            self.outcome, self.text = "cell_failed", plain(own_traceback(cells, self.failed_cell) or str(error))
        except CellTimeoutError:
            self.text = "time"
        except DeadKernelError:
            self.text = "output" if client.is_flooded else "kernel"
        except MemoryError:
            self.text = "memory"
        except Exception as error:
            self.outcome, self.text = "broken", f"{type(error).__name__}: {error}"[:2000]


def client_of(run):
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class Client(NotebookClient):
        """Counts what cells put out, and ends a kernel that puts out too much."""

        n_bytes = 0
        is_flooded = False

        def process_message(self, msg, cell, cell_index):
            if self.is_flooded:
                return None
            self.n_bytes += len(json.dumps(msg["content"]))
            if self.n_bytes > run.task["most_output_bytes"]:
                self.is_flooded = True
                kill_group(self.km.provisioner.pid)
                return None
            return super().process_message(msg, cell, cell_index)

    # Sockets of Unix in a private folder: the sandbox has no others.
    manager = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=PRIVATE + "/ipc")
    return Client(
        run.notebook,
        km=manager,
        timeout_func=lambda cell: max(1, int(run.deadline - time.monotonic())),
        startup_timeout=max(1, run.task["seconds"]),
        store_widget_state=False,
        resources={"metadata": {"path": WORKING}},
    )


def kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except (OSError, TypeError):
        pass


def end_everything_else():
    """From the first process of a namespace, this reaches all others in it."""
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass


def own_traceback(cells, number):
    """As the kernel told it."""
    outputs = cells[number - 1][1].outputs
    told = [output.traceback for output in outputs if output.output_type == "error"]
    return "\n".join(told[-1]) if told else ""


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)[-60000:]


def hand_back(answer, task, run):
    import nbformat

    executed = nbformat.writes(run.notebook).encode() if run.notebook is not None else b""
    if len(executed) > task["most_notebook_bytes"]:
        executed, run.outcome, run.text = b"", "stopped", "output"
    files, left_out = files_of(WORKING, task)
    say(
        answer,
        {
            "event": "ended",
            "outcome": run.outcome,
            "text": run.text,
            "failed_cell": run.failed_cell,
            "n_run": run.n_run,
            "n_code": run.n_code,
            "notebook_bytes": len(executed),
            "files": [{"path": path, "size_bytes": size} for path, size in files],
            "n_left_out": left_out,
        },
    )
    answer.write(executed)
    for path, size in files:
        send(answer, os.path.join(WORKING, path), size)
    answer.flush()


def files_of(root, task):
    """Plain files below a folder, by their names, as many and as large as are kept."""
    found, n_left_out, total = [], 0, 0
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            whole = os.path.join(folder, name)
            path = os.path.relpath(whole, root)
            try:
                state = os.lstat(whole)
                path.encode()
            except (OSError, UnicodeError):
                n_left_out += 1
                continue
            if (state.st_mode & 0o170000) != 0o100000:
                continue
            fits = len(found) < task["most_files"] and total + state.st_size <= task["most_file_bytes"]
            if fits and len(path) <= 200 and path.isprintable():
                found.append((path, state.st_size))
                total += state.st_size
            else:
                n_left_out += 1
    return found, n_left_out


def send(answer, path, size):
    """Exactly as many bytes as were announced."""
    left = size
    try:
        with open(path, "rb") as file:
            while left > 0:
                piece = file.read(min(PIECE, left))
                if not piece:
                    break
                answer.write(piece)
                left -= len(piece)
    except OSError:
        pass
    while left > 0:
        answer.write(b"\0" * min(PIECE, left))
        left -= min(PIECE, left)


def probe(task):
    """Which doors are open that must be shut, and the kernel's libraries."""
    import socket

    import ipykernel
    import matplotlib
    import nbclient  # noqa: F401
    import nbformat  # noqa: F401
    import numpy
    import pandas
    import sklearn

    def reads():
        open(task["reads"], "rb").read(1)

    def lists():
        if os.listdir(task["folder"]):
            return
        raise OSError

    def inet():
        socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def netlink():
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)

    def unix():
        socket.socket(socket.AF_UNIX).connect(task["socket"])

    def abstract():
        socket.socket(socket.AF_UNIX).connect("\0" + task["abstract_socket"])

    def sees_others():
        if os.getpid() == 1:
            raise OSError

    def writes():
        open("/usr/lib/holdout", "wb")

    doors = {
        "reading the machine's files": reads,
        "seeing the machine's folders": lists,
        "a socket of the network": inet,
        "a socket of the kernel's": netlink,
        "reaching a socket of the machine": unix,
        "reaching an abstract socket of the machine": abstract,
        "seeing the processes of the machine": sees_others,
        "changing a library": writes,
    }
    is_open = []
    for name, door in doors.items():
        try:
            door()
            is_open.append(name)
        except OSError:
            pass
    libraries = [ipykernel, numpy, pandas, sklearn, matplotlib]
    return {
        "open_doors": is_open,
        "versions": {library.__name__: library.__version__ for library in libraries},
    }


main()
