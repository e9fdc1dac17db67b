

def score(solution, submission, row_id_column_name):
    """The column of the leaderboard that ranked, as the scoring program computes it from its files."""
    files = Files("/app", "/app/program")
    for path, source in PROGRAM.items():
        files.add("/app/program/" + path, source)
    for folder in ("/app/input/ref", "/app/input/res", "/app/output", "/app/shared", "/app/data"):
        files.add_folder(folder)
    files.add("/app/input/ref/" + REFERENCE["file"], table(solution, REFERENCE))
    files.add("/app/input/res/" + SUBMISSION["file"], table(submission, SUBMISSION))
    with files:
        run("/app/program/" + COMMAND[0], COMMAND)
    return read_score(files)


def run(where, command):
    main = types.ModuleType("__main__")
    main.__file__ = where
    finder = Program("/app/program")
    kept = sys.argv, sys.modules["__main__"]
    sys.argv, sys.modules["__main__"] = [where, *command[1:]], main
    sys.meta_path.insert(0, finder)
    try:
        exec(compiled(command[0], where), main.__dict__)
    except SystemExit as end:
        if end.code not in (None, 0):
            raise RuntimeError("The scoring program ended with the exit code " + str(end.code) + ".") from None
    finally:
        sys.argv, sys.modules["__main__"] = kept
        sys.meta_path.remove(finder)


def read_score(files):
    text = files.files.get("/app/output/scores.json")
    if text is not None:
        scores = json.loads(text)
    else:
        text = files.files.get("/app/output/scores.txt")
        if text is None:
            raise RuntimeError("The scoring program wrote neither scores.json nor scores.txt.")
        pairs = (line.partition(":") for line in text.decode("utf-8").splitlines())
        scores = {key.strip(): value.strip() for key, colon, value in pairs if colon}
    if SCORE not in scores:
        raise RuntimeError("The scoring program wrote no score named " + SCORE + ".")
    return number(scores[SCORE], SCORE)
