

def score(solution, submission, row_id_column_name):
    """The score that ranked, as the repository's own metric computes it from its files."""
    files = Files("/app", "/app")
    for path, source in PROGRAM.items():
        files.add("/app/" + path, source)
    name = "submissions/team-submission.csv"
    files.add("/app/solution.csv", halves(solution, row_id_column_name, with_split=True))
    files.add("/app/" + name, halves(submission, row_id_column_name, with_split=False))
    hub = types.ModuleType("huggingface_hub")
    hub.hf_hub_download = lambda repo_id=None, filename=None, *rest, **named: "/app/" + filename
    sys.modules["huggingface_hub"] = hub
    finder = Program("/app")
    sys.meta_path.insert(0, finder)
    try:
        with files:
            evaluation = importlib.import_module("metric").compute(Params())
    finally:
        sys.meta_path.remove(finder)
    scores = evaluation["public_score"]
    name = SCORE if SCORE is not None or len(scores) != 1 else next(iter(scores))
    return number(scores[name], str(name))


def halves(frame, id_name, with_split):
    """These rows as public ones, and once more under other ids as private ones: the program wants both."""
    ids = frame[id_name].tolist()
    numbers = all(value.isdigit() for value in ids)
    above = max(map(int, ids)) + 1 if numbers else None
    others = [str(int(value) + above) if numbers else value + "\u00b7" for value in ids]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*frame.columns, *(["split"] if with_split else [])])
    for half, names in (("public", ids), ("private", others)):
        columns = [names if column == id_name else frame[column].tolist() for column in frame.columns]
        writer.writerows([*row, half] if with_split else row for row in zip(*columns))
    return written.getvalue()


class Params:
    competition_id, competition_type, metric = "competition", "generic", "custom"
    token, team_id, submission_id = "", "team", "submission"
    submission_id_col, submission_cols = ID_COLUMN, SUBMISSION_COLUMNS
    submission_rows, time_limit = 0, 0
    output_path, submission_repo, dataset = "/app", "", ""
