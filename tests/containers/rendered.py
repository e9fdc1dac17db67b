"""What a cluster is given, as kustomize puts it together, and what may take the place of a part: rendered.py FOLDER RENDERED."""

import json
import re
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

HERE = Path(__file__).parent
RULE_OF_ADAPTER = {"seriesQuery", "resources", "name", "metricsQuery"}


def named(documents):
    return sorted((document["kind"], document["metadata"]["name"]) for document in documents if document)


def images(found):
    if isinstance(found, dict):
        own = [found["image"]] if isinstance(found.get("image"), str) else []
        return own + [image for value in found.values() for image in images(value)]
    return [image for value in found for image in images(value)] if isinstance(found, list) else []


def check_rendered(folder, rendered):
    """Every manifest is in it once, in one namespace, and no image of ours has kept the name that only a build knows."""
    written = [document for path in folder.glob("*.yaml") for document in yaml.safe_load_all(path.read_text())]
    assert named(rendered) == named(written), set(named(written)) ^ set(named(rendered))
    inside = {document["metadata"].get("namespace") for document in rendered if document["kind"] != "Namespace"}
    assert inside == {"holdout"}, inside
    version = re.search(r'^version = "(.+)"$', Path("Cargo.toml").read_text(), re.MULTILINE)[1]
    for image in images(rendered):
        is_ours = image.rsplit("/", 1)[-1].startswith("holdout")
        assert not is_ours or re.fullmatch(rf"\S+/holdout[-a-z]*:{re.escape(version)}", image), image


def check_keda(folder, rendered):
    scaled = yaml.safe_load((folder / "scaling/keda.yaml").read_text())
    jsonschema.validate(scaled, json.loads((HERE / "scaledobject.json").read_text()))
    targets = {document["metadata"]["name"] for document in rendered if document["kind"] == "Deployment"}
    assert scaled["spec"]["scaleTargetRef"]["name"] in targets and scaled["metadata"]["namespace"] == "holdout"
    # What KEDA makes of it, for the cluster's own schema.
    scaler = next(document for document in rendered if document["kind"] == "HorizontalPodAutoscaler")
    behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    kubernetes_validate.validate({**scaler, "spec": {**scaler["spec"], "behavior": behavior}}, "1.37", strict=True)


def check_adapter(folder):
    rules = yaml.safe_load((folder / "scaling/prometheus-adapter.yaml").read_text())
    assert set(rules) == {"rules"} and set(rules["rules"]) == {"external"}, rules
    for rule in rules["rules"]["external"]:
        assert set(rule) == RULE_OF_ADAPTER and set(rule["name"]) <= {"as", "matches"}, rule
        assert "<<.Series>>" in rule["metricsQuery"] and "<<.LabelMatchers>>" in rule["metricsQuery"], rule


def main():
    folder, rendered = Path(sys.argv[1]), list(yaml.safe_load_all(Path(sys.argv[2]).read_text()))
    check_rendered(folder, rendered)
    check_keda(folder, rendered)
    check_adapter(folder)


main()
