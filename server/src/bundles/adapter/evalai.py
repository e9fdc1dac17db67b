

def score(solution, submission, row_id_column_name):
    """The label by which the leaderboard was ordered, as the evaluation script computes it from its files."""
    files = Files("/app", "/app")
    for path, source in PROGRAM.items():
        files.add("/app/" + path, source)
    annotation, sent = "/app/annotations/" + REFERENCE["file"], "/app/submissions/" + SUBMISSION["file"]
    files.add(annotation, table(solution, REFERENCE))
    files.add(sent, table(submission, SUBMISSION))
    finder = Program("/app")
    sys.meta_path.insert(0, finder)
    try:
        with files:
            package = importlib.import_module(PACKAGE)
            output = package.evaluate(annotation, sent, PHASE, submission_metadata={})
    finally:
        sys.meta_path.remove(finder)
    for result in output["result"]:
        if SPLIT in result:
            return number(result[SPLIT][SCORE], SCORE)
    raise RuntimeError("The evaluation script gave no result for the split " + SPLIT + ".")
