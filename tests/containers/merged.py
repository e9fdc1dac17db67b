"""What must hold of the Compose files however they are put together: merged.py PLAIN TLS WHOLE."""

import sys
from pathlib import Path

import yaml

OURS = {"migrate", "server", "scorer", "runner"}
ONCE = {"migrate", "roles", "bucket"}


def listed(service, key):
    return service.get(key) or []


def check_service(name, service, declared):
    assert service.get("mem_limit"), f"{name} has no limit on memory"
    assert service.get("logging", {}).get("options", {}).get("max-size") or name in ONCE, f"{name} may fill the disk with logs"
    if name in OURS:
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"] and service["pids_limit"], name
    if name not in ONCE | {"runner"}:
        assert service.get("healthcheck", {}).get("test"), f"nobody sees whether {name} is well"
    for text in map(str, (service.get("environment") or {}).values()):
        assert ":" not in text.split("@")[0].removeprefix("postgres://") or "@" not in text, f"{name} is told a password"
    for volume in listed(service, "volumes"):
        source = volume.split(":")[0]
        assert source.startswith(".") or source in declared["volumes"], f"{name} mounts {source}"
    for secret in listed(service, "secrets"):
        assert Path(declared["secrets"][secret]["file"]).read_text().strip(), f"{secret} of {name}"


def mounting(services, volume):
    return {name for name, service in services.items() if any(v.split(":")[0] == volume for v in listed(service, "volumes"))}


def knowing(services, secret):
    return {name for name, service in services.items() if secret in listed(service, "secrets")}


def check(path):
    declared = yaml.safe_load(Path(path).read_text())
    services = declared["services"]
    for name, service in services.items():
        check_service(name, service, declared)
    assert mounting(services, "keys") == {"scorer"}, "a key is mounted elsewhere"
    assert knowing(services, "web_password") == {"server", "roles"}
    assert knowing(services, "accounts_key") == {"server"}, "a key of second factors is known elsewhere"
    assert knowing(services, "scorer_password") == {"scorer", "roles"}
    assert knowing(services, "runner_password") == {"runner", "roles"}
    assert knowing(services, "owner_password") == {"database", "migrate", "roles"}
    used = {v.split(":")[0] for service in services.values() for v in listed(service, "volumes")}
    unused = set(declared["volumes"]) - used
    assert unused <= {"files"}, f"nobody mounts {unused}"
    return services


def published(services):
    return {name for name, service in services.items() if listed(service, "ports")}


def main():
    plain, tls, whole = map(check, sys.argv[1:])
    assert published(plain) == {"server"} and plain["server"]["ports"][0].startswith("127.0.0.1:")
    for services in (tls, whole):
        assert published(services) == {"proxy"}, "what is behind the proxy is reached past it"
        environment = services["server"]["environment"]
        assert environment["HOLDOUT_BEHIND_PROXY"] == "true" and environment["HOLDOUT_PUBLIC_URL"].startswith("https://")
    assert mounting(plain, "files") == {"server", "scorer", "runner"}
    assert not mounting(whole, "files"), "files lie in the bucket"
    for name in ("server", "scorer", "runner"):
        assert whole[name]["environment"]["HOLDOUT_FILES"] == "s3://holdout", name
    assert knowing(whole, "storage_key") == {"server", "scorer", "runner"}
    assert knowing(whole, "userlist.txt") == {"pooler"}
    for name, variable in (("server", "DATABASE_URL"), ("scorer", "HOLDOUT_DATABASE_URL"), ("runner", "HOLDOUT_DATABASE_URL")):
        environment = whole[name]["environment"]
        assert "@pooler:6432/" in environment[variable], f"{name} goes through the pooler"
        assert "@database/" in environment["HOLDOUT_DATABASE_DIRECT_URL"], f"{name} listens past the pooler"
    assert "@database/" in whole["migrate"]["environment"]["DATABASE_URL"], "migrations go past the pooler"


main()
