"""Loads one metric written by a host and calls it: once, or as often as is asked.

Started by the scorer inside the sandbox. Standard input: one line of JSON, then the two tables as CSV.
Standard output: the line "ready", then one line of JSON. What the metric prints goes to standard error,
which the scorer shows to the host alone.
"""

import json
import os
import sys


def main():
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = [entry for entry in sys.path if entry]
    os.environ.clear()
    for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"):
        os.environ[library + "_NUM_THREADS"] = "1"
    answer.write("ready\n")
    answer.flush()
    entrance = os.fdopen(0, "rb", closefd=False)
    task = json.loads(entrance.readline())
    try:
        if task["task"] == "trials":
            verdict = trials(task, entrance, answer)
        else:
            verdict = TASKS[task["task"]](task, entrance)
    except BaseException as error:
        verdict = verdict_on(error)
    answer.write(json.dumps(verdict) + "\n")
    answer.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def verdict_on(error):
    name = type(error).__name__
    if name == "ParticipantVisibleError":
        return {"verdict": "refused", "text": str(error)[:2000]}
    if name == "HostVisibleError":
        return {"verdict": "failed", "text": "HostVisibleError: " + str(error)[:16000]}
    return {"verdict": "failed", "text": traceback_of(error)[-16000:]}


def traceback_of(error):
    import traceback

    try:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == "<string>":
            frames = frames.tb_next
        return "".join(traceback.format_exception(type(error), error, frames))
    except BaseException:
        return type(error).__name__


def load(source):
    """The module, with its text where tracebacks look for it."""
    import linecache
    import types

    sys.modules["kaggle_metric_utilities"] = utilities()
    linecache.cache["metric.py"] = (len(source), None, source.splitlines(True), "metric.py")
    module = types.ModuleType("metric")
    module.__file__ = "metric.py"
    sys.modules["metric"] = module
    exec(compile(source, "metric.py", "exec"), module.__dict__)
    if not callable(getattr(module, "score", None)):
        raise NameError("The module has no function named score.")
    return module


def opened(task, entrance):
    """The module, and the two tables."""
    import io

    import pandas

    tables = [entrance.read(task[name]) for name in ("solution_bytes", "submission_bytes")]
    module = load(task["source"])
    # A module that writes its tables into files again wants every cell as it was written.
    as_text = {"dtype": str, "keep_default_na": False} if getattr(module, "TABLES_AS_TEXT", False) is True else {}
    return module, [pandas.read_csv(io.BytesIO(table), **as_text) for table in tables]


def score(task, entrance):
    import math

    module, tables = opened(task, entrance)
    found = called(module, tables, task)
    if not math.isfinite(found):
        text = "score() must return a finite number; it returned " + str(found) + "."
        return {"verdict": "not_finite", "text": text}
    return {"verdict": "scored", "score": found}


def called(module, tables, task):
    import numbers

    result = module.score(*tables, task["row_id_column_name"], **task["params"])
    if isinstance(result, bool) or not isinstance(result, numbers.Real):
        kind = type(result).__name__
        raise TypeError("score() must return a number; it returned a value of the type " + kind + ".")
    return float(result)


def blocks(task, entrance):
    """The scores without each block of rows, unless that takes too long."""
    import math
    import time

    import numpy

    module, tables = opened(task, entrance)
    block_of_row = numpy.frombuffer(entrance.read(task["n_rows"]), dtype="u1")
    scores = []
    for block in range(task["n_blocks"]):
        kept = block_of_row != block
        found = called(module, [table[kept].reset_index(drop=True) for table in tables], task)
        if not math.isfinite(found):
            raise ValueError("score() gave no finite number where some of the rows were left out.")
        scores.append(found)
        # The first call loads libraries, and says nothing of the next ones.
        if block == 0:
            begun = time.process_time()
        elif (time.process_time() - begun) / block * (task["n_blocks"] - 1) > task["seconds"]:
            return {"verdict": "slow"}
    return {"verdict": "blocks", "scores": scores}


def trials(task, entrance, answer):
    """Scores made-up files for as long as some come: every batch is answered by one line."""
    made = Trials(task, entrance)
    while True:
        scores = [made.score(trial) for trial in made.batch(entrance)]
        if not scores:
            return {"verdict": "failed", "text": "There are no more trials."}
        answer.write(json.dumps(scores) + "\n")
        answer.flush()


class Trials:
    """Two tables in which target and predictions are exchanged for what a trial says."""

    def __init__(self, task, entrance):
        import io

        import numpy
        import pandas

        self.numpy, self.pandas = numpy, pandas
        self.task = task
        tables = [entrance.read(task[name]) for name in ("solution_bytes", "submission_bytes")]
        self.module = load(task["source"])
        self.is_text = getattr(self.module, "TABLES_AS_TEXT", False) is True
        texts = [pandas.read_csv(io.BytesIO(table), dtype=str, keep_default_na=False) for table in tables]
        typed = texts if self.is_text else [pandas.read_csv(io.BytesIO(table)) for table in tables]
        self.solution, self.submission = typed
        self.labels = None
        if task["labels"] is not None:
            target = task["targets"][0]
            kind = self.solution[target].dtype
            value_of = dict(zip(texts[0][target], self.solution[target]))
            values = [value_of[label] if label in value_of else kind.type(label) for label in task["labels"]]
            self.labels = pandas.Series(values, dtype=kind).array

    def batch(self, entrance):
        n_trials = self.numbers(entrance, "<u4", 1)
        for _ in range(int(n_trials[0]) if len(n_trials) else 0):
            n_rows = int(self.numbers(entrance, "<u4", 1)[0])
            rows = self.numbers(entrance, "<u4", n_rows)
            truth = [self.numbers(entrance, "<f8", n_rows) for _ in self.task["targets"]]
            columns = [self.numbers(entrance, "<f8", n_rows) for _ in self.task["predictions"]]
            yield rows, truth, columns

    def numbers(self, entrance, kind, n):
        width = 4 if kind == "<u4" else 8
        return self.numpy.frombuffer(entrance.read(n * width), dtype=kind)

    def score(self, trial):
        rows, truth, columns = trial
        try:
            solution, submission = (self.rows_of(table, rows) for table in (self.solution, self.submission))
            for target, column in zip(self.task["targets"], truth):
                solution[target] = self.cells(column, self.solution[target], self.labels)
            names = self.task["predictions"]
            labels = self.labels if len(names) == 1 and self.task["reports_are_labels"] else None
            for name, column in zip(names, columns):
                submission[name] = self.cells(column, self.submission[name], labels)
            found = self.module.score(solution, submission, self.task["row_id_column_name"], **self.task["params"])
            found = float(found)
        except Exception:
            return None
        return found if -1e308 < found < 1e308 else None

    def rows_of(self, table, rows):
        if len(rows) == len(table) and (rows[1:] > rows[:-1]).all():
            return table.copy()
        table = table.iloc[rows].reset_index(drop=True)
        name = self.task["row_id_column_name"]
        again = table[name].duplicated()
        if again.any():
            # The second copy of a row has an id of its own.
            is_text = not self.pandas.api.types.is_numeric_dtype(table[name].dtype)
            ids = table[name].astype(str) + "_2" if is_text else table[name] + table[name].max() + 1
            table[name] = table[name].where(~again, ids)
        return table

    def cells(self, values, like, labels):
        if labels is not None:
            return labels.take(values.astype(int))
        if self.is_text:
            return [str(int(value)) if value == int(value) else repr(float(value)) for value in values]
        is_whole = like.dtype.kind in "iu" and (values == self.numpy.floor(values)).all()
        return values.astype(like.dtype) if is_whole else values.astype("float64")


def examine(task, entrance):
    """The parameters that the host may set, and the module's doctests."""
    import doctest
    import inspect
    import io

    module = load(task["source"])
    found = list(inspect.signature(module.score).parameters.values())
    names = [parameter.name for parameter in found[:3]]
    if len(found) < 3:
        raise TypeError("score() must take solution, submission and row_id_column_name first; it takes " + str(names))
    parameters = []
    takes_any = False
    for parameter in found[3:]:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            takes_any = True
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            required = parameter.default is inspect.Parameter.empty
            parameters.append(
                {
                    "name": parameter.name,
                    "annotation": annotation_of(parameter, inspect),
                    "default": None if required else repr(parameter.default)[:200],
                }
            )
    report = io.StringIO()
    runner = doctest.DocTestRunner(checker=checker(doctest), verbose=False)
    for test in doctest.DocTestFinder().find(module, "metric"):
        runner.run(test, out=report.write)
    return {
        "verdict": "examined",
        "parameters": parameters[:100],
        "takes_any": takes_any,
        "n_examples": runner.tries,
        "n_failures": runner.failures,
        "text": report.getvalue()[:16000],
    }


def checker(doctest):
    """Numbers of numpy print as np.float64(0.5) in some of its versions and as 0.5 in others."""
    import re

    wrapped = re.compile(r"\bnp\.(?:float|int|uint|bool)\d*_?\(([^()]*)\)")

    class Checker(doctest.OutputChecker):
        def check_output(self, want, got, optionflags):
            want, got = (wrapped.sub(r"\1", text) for text in (want, got))
            return super().check_output(want, got, optionflags)

    return Checker()


def annotation_of(parameter, inspect):
    if parameter.annotation is inspect.Parameter.empty:
        return None
    return inspect.formatannotation(parameter.annotation)[:200]


def probe(task, entrance):
    """What the sandbox must forbid, tried; and the libraries that metrics need."""
    import socket

    def is_forbidden(attempt):
        try:
            attempt()
        except OSError:
            return True
        return False

    def write():
        os.close(os.open(task["writes"], os.O_WRONLY | os.O_CREAT, 0o600))

    def fork():
        if os.fork() == 0:
            os._exit(0)

    attempts = {
        "reading other files": lambda: open(task["reads"], "rb").close(),
        "listing folders": lambda: os.listdir("/"),
        "writing files": write,
        "opening sockets": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
        "starting processes": fork,
        "signalling processes": lambda: os.kill(task["signals"], 0),
    }
    open_doors = [name for name, attempt in attempts.items() if not is_forbidden(attempt)]
    import numpy
    import pandas
    import sklearn

    versions = {library.__name__: library.__version__ for library in (numpy, pandas, sklearn)}
    return {"verdict": "probed", "open_doors": open_doors, "versions": versions}


def utilities():
    """The helper module that many public metrics import."""
    import types

    import numpy
    import pandas

    module = types.ModuleType("kaggle_metric_utilities")

    class ParticipantVisibleError(Exception):
        pass

    class HostVisibleError(Exception):
        pass

    def tells_nothing(text, solution):
        """A text without digits tells nothing of a solution that holds numbers alone."""
        if isinstance(solution, pandas.DataFrame):
            kinds = list(solution.dtypes)
        else:
            kinds = [numpy.asarray(solution).dtype]
        if not all(pandas.api.types.is_numeric_dtype(kind) for kind in kinds):
            return False
        if any(letter.isnumeric() for letter in text):
            return False
        has_truths = any(pandas.api.types.is_bool_dtype(kind) for kind in kinds)
        return not (has_truths and any(word in text.lower() for word in ("true", "false")))

    def safe_call_score(metric_function, solution, submission, **metric_func_kwargs):
        try:
            return metric_function(solution, submission, **metric_func_kwargs)
        except Exception as error:
            if type(error).__name__ in ("ParticipantVisibleError", "HostVisibleError"):
                raise
            if tells_nothing(str(error), solution):
                raise ParticipantVisibleError(str(error))
            raise

    def verify_valid_probabilities(df, df_name):
        if not pandas.api.types.is_numeric_dtype(df.values):
            raise ParticipantVisibleError(f"All target values in {df_name} must be numeric")
        if df.min().min() < 0:
            raise ParticipantVisibleError(f"All target values in {df_name} must be at least zero")
        if df.max().max() > 1:
            raise ParticipantVisibleError(f"All target values in {df_name} must be no greater than one")
        if not numpy.allclose(df.sum(axis=1), 1):
            raise ParticipantVisibleError(f"Target values in {df_name} do not add to one within all rows")

    for part in (ParticipantVisibleError, HostVisibleError, safe_call_score, verify_valid_probabilities):
        setattr(module, part.__name__, part)
    module.treat_as_participant_error = tells_nothing
    return module


TASKS = {"score": score, "blocks": blocks, "examine": examine, "probe": probe}
main()
