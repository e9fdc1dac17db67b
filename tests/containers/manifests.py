"""What must hold of the manifests for Kubernetes beyond their schemas: manifests.py FOLDER."""

import re
import sys
from pathlib import Path

import yaml

# Which part of Holdout may see which secret.
KNOWN_BY = {
    "scorer-key": {"scorer"},
    "accounts": {"server"},
    "database-owner": {"migrate", "backup"},
    "database-web": {"server", "migrate"},
    "database-scorer": {"scorer", "migrate"},
    "database-runner": {"migrate"},
    "storage": {"server", "scorer", "backup"},
}
# They open labels, or act as the schema's owner.
KEPT_IN = {"scorer", "migrate", "backup"}
OURS = {"holdout", "holdout-scorer", "holdout-backup"}


def documents(folder):
    for path in sorted(folder.glob("*.yaml")):
        yield from (document for document in yaml.safe_load_all(path.read_text()) if document)


def pods(found):
    for document in found:
        spec = document.get("spec") or {}
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
        if template:
            yield template["metadata"]["labels"], template["spec"]


def containers(pod):
    return pod["containers"] + pod.get("initContainers", [])


def secrets_of(pod):
    for volume in pod.get("volumes", []):
        if "secret" in volume:
            yield volume["secret"]["secretName"]
        for source in volume.get("projected", {}).get("sources", []):
            yield source["secret"]["name"]


def check_pods(found):
    knowing = {}
    for labels, pod in pods(found):
        part = labels["part"]
        assert labels["app"] == "holdout", f"no policy selects {part}"
        assert pod["automountServiceAccountToken"] is False and pod["securityContext"]["runAsNonRoot"], part
        for container in containers(pod):
            locked = container["securityContext"]
            assert not locked["allowPrivilegeEscalation"] and locked["readOnlyRootFilesystem"], part
            assert locked["capabilities"] == {"drop": ["ALL"]}, part
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"], part
            told = [variable["name"] for variable in container.get("env", []) if "valueFrom" in variable]
            assert not told, f"{part} is told {told} by its environment"
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {volume["name"] for volume in pod["volumes"]}, part
            commands = [str(probe.get("exec")) for name, probe in container.items() if name.endswith("Probe")]
            assert not any("doctor" in command for command in commands), f"{part} dies when the database is away"
        for secret in secrets_of(pod):
            knowing.setdefault(secret, set()).add(part)
    assert knowing == KNOWN_BY, knowing
    return {labels["part"] for labels, _ in pods(found)}


def is_selected(selector, part):
    labels = {"app": "holdout", "part": part}
    if not all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()):
        return False
    rules = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in rules)
    return all(labels.get(rule["key"]) in rule["values"] for rule in rules)


def check_policies(found, parts):
    policies = [document["spec"] for document in found if document["kind"] == "NetworkPolicy"]
    for policy in policies:
        assert policy["podSelector"].get("matchLabels", {}).get("app") == "holdout", "pods of others are closed in"
        for rule in policy.get("ingress", []):
            assert rule["from"] and rule["ports"], "everybody may come in"
        for rule in policy.get("egress", []):
            assert rule["to"] and rule["ports"], "everything may be reached"
    for part in parts:
        own = [policy for policy in policies if is_selected(policy["podSelector"], part)]
        assert any("Ingress" in policy["policyTypes"] for policy in own), f"{part} is open"
        coming = [rule for policy in own for rule in policy.get("ingress", [])]
        assert bool(coming) == (part == "server"), f"{part} is called by nobody"
        ports = {str(port["port"]) for policy in own for rule in policy.get("egress", []) for port in rule["ports"]}
        if part in KEPT_IN:
            assert ports - {"443"} == {"53", "5432", "6432"}, f"{part} reaches {ports}"
            assert ("443" in ports) == (part != "migrate"), f"{part} and the bucket"
    # Who trusts a proxy's word takes calls from the proxy's namespace alone.
    settings = next(document["data"] for document in found if document["kind"] == "ConfigMap")
    assert settings["HOLDOUT_BEHIND_PROXY"] == "true"
    for policy in policies:
        for rule in policy.get("ingress", []):
            assert all(peer["namespaceSelector"]["matchLabels"] for peer in rule["from"])


def check_kustomization(folder, found):
    kustomization = yaml.safe_load((folder / "kustomization.yml").read_text())
    assert set(kustomization["resources"]) == {path.name for path in folder.glob("*.yaml")}, "a manifest is not applied"
    version = re.search(r'^version = "(.+)"$', Path("Cargo.toml").read_text(), re.MULTILINE)[1]
    assert {image["name"]: image["newTag"] for image in kustomization["images"]} == dict.fromkeys(OURS, version)
    used = {container["image"] for _, pod in pods(found) for container in containers(pod)}
    assert OURS <= used and all(re.search(r":\d", image) for image in used - OURS), used


def check_scaling(folder, found):
    scaler = next(document["spec"] for document in found if document["kind"] == "HorizontalPodAutoscaler")
    metric = scaler["metrics"][0]["external"]["metric"]["name"]
    rule = yaml.safe_load((folder / "scaling/prometheus-adapter.yaml").read_text())["rules"]["external"][0]
    assert rule["name"]["as"] == metric and rule["seriesQuery"].startswith(metric)
    scaled = yaml.safe_load((folder / "scaling/keda.yaml").read_text())["spec"]
    query = scaled["triggers"][0]["metadata"]["query"]
    assert rule["metricsQuery"].startswith("max(") and query.startswith(f"max({metric}"), "servers tell the same age: no sum"
    assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == scaler["behavior"]
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (scaler["minReplicas"], scaler["maxReplicas"])


def check_words(folder):
    words = (folder / "README.md").read_text()
    for secret in KNOWN_BY:
        assert re.search(rf"create secret generic {secret} ", words), f"nobody makes the secret {secret}"
    ingress = yaml.safe_load((folder / "ingress.yaml").read_text())
    for name in {entry["secretName"] for entry in ingress["spec"]["tls"]} | {"admin-link", "delete job migrate"}:
        assert name in words, f"nothing is said of {name}"
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"]


def check_way_back(folder, found):
    """Whatever is stopped for a restore runs again after it, and nothing fills the database before it."""
    backups = (folder / "README.md").read_text().split("## Backups")[1]
    steps = re.search(r"```sh\n(.*?)```", backups, re.DOTALL)[1]
    restored = steps.index("create job restore --from=cronjob/backup")
    assert "apply -k" not in steps[:restored], "the job migrate fills the database that is to be restored"
    chosen = re.search(r"IN\((.+?)\)", steps[:restored])
    assert chosen, "the CronJob that the job restore is made from is applied by nothing"
    applied = set(re.findall(r'"(\w+)"', chosen[1]))
    needed = {"Namespace", "ConfigMap", "NetworkPolicy", "PersistentVolumeClaim", "CronJob"}
    assert applied == needed and applied <= {document["kind"] for document in found}, applied
    after = steps[steps.index("apply -k", restored) :]
    replicas = {one["metadata"]["name"]: one["spec"].get("replicas") for one in found if one["kind"] == "Deployment"}
    for name in re.search(r"scale deployment (.+) --replicas=0", steps)[1].split():
        is_started = replicas[name] or re.search(rf"scale deployment [\w ]*\b{name}\b[\w ]* --replicas=[1-9]", after)
        assert is_started, f"{name} is stopped for the restore and never runs again"
    assert after.index("--replicas=1") < after.index("holdout verify"), "nobody computes what is verified"


def main():
    folder = Path(sys.argv[1])
    found = list(documents(folder))
    parts = check_pods(found)
    assert parts == {"server", "scorer", "migrate", "backup"}, parts
    check_policies(found, parts)
    check_kustomization(folder, found)
    check_scaling(folder, found)
    check_words(folder)
    check_way_back(folder, found)


main()
