"""What must hold of the Compose files however they are put together: merged.py PLAIN TLS WHOLE, as Docker Compose merges them."""

import json
import sys
from pathlib import Path

# Whose image says which user it runs as; of others the service says it.
OURS = {"migrate", "server", "scorer", "runner", "backup"}
ONCE = {"migrate", "roles", "bucket", "backup"}
# Root of their container, without its rights: their folders are root's.
ROOTS = {"proxy", "storage"}
# Bounded by weight: they go before all others.
FIRST = {"database", "server"}
# A bind mount of a file of the checkout, that is read.
READ = {"Caddyfile", "pgbouncer.ini", "roles.sql"}


def names(service, key):
    return {entry["source"] for entry in service.get(key) or []}


def check_service(name, service, declared):
    assert int(service["mem_limit"]) > 0, f"{name} has no limit on memory"
    assert service.get("cpus") or (name in FIRST and service["cpu_shares"] > 1024), f"{name} may take every core"
    assert service["logging"]["options"]["max-size"], f"{name} may fill the disk with logs"
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["pids_limit"], name
    assert set(service.get("cap_add") or []) <= ({"NET_BIND_SERVICE"} if name == "proxy" else set()), name
    assert "no-new-privileges:true" in service["security_opt"], f"{name} may become more"
    assert ("unconfined" in str(service["security_opt"])) == (name == "runner"), name
    assert not service.get("privileged") and "network_mode" not in service, name
    if name not in OURS | ROOTS | {"pooler"}:
        assert service["user"] not in ("root", "0"), f"{name} runs as root"
    if name not in ONCE:
        assert service["healthcheck"]["test"] and service["restart"] == "unless-stopped", f"nobody sees whether {name} is well"
    for variable, text in (service.get("environment") or {}).items():
        assert not any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "SMTP_URL")) or (
            variable.endswith(("_FILE", "_KEY_ID"))
        ), f"{name} is told {variable} by its environment"
        assert "@" not in str(text) or ":" not in str(text).split("@")[0].removeprefix("postgres://"), f"{name} is told a password"
    for volume in service.get("volumes") or []:
        if volume["type"] == "bind":
            assert Path(volume["source"]).name in READ and volume["read_only"], f"{name} mounts {volume['source']}"
        else:
            assert volume["source"] in declared["volumes"], f"{name} mounts {volume['source']}"
    if service.get("image", "").startswith("postgres:"):
        # Else the image's own volume comes with every container, and outlives it.
        targets = {volume["target"] for volume in service["volumes"]} | set(service["tmpfs"])
        assert "/var/lib/postgresql/data" in targets, f"{name} leaves volumes without a name"
    for secret in names(service, "secrets"):
        assert Path(declared["secrets"][secret]["file"]).read_text().strip(), f"{secret} of {name}"
    for variable, text in (service.get("environment") or {}).items():
        if variable.endswith("_FILE"):
            assert Path(text).parent == Path("/run/secrets") and Path(text).name in names(service, "secrets"), f"{variable} of {name}"


def mounting(services, volume):
    return {name for name, service in services.items() if volume in names(service, "volumes")}


def knowing(services, secret):
    return {name for name, service in services.items() if secret in names(service, "secrets")}


def check(path):
    declared = json.loads(Path(path).read_text())
    services = declared["services"]
    for name, service in services.items():
        check_service(name, service, declared)
    assert mounting(services, "keys") == {"scorer"}, "a key is mounted elsewhere"
    assert mounting(services, "backups") == {"backup"}, "a backup is within reach of what it is a copy of"
    assert knowing(services, "web_password") == {"server", "roles"}
    assert knowing(services, "accounts_key") == {"server"}, "a key of second factors is known elsewhere"
    assert knowing(services, "scorer_password") == {"scorer", "roles"}
    assert knowing(services, "runner_password") == {"runner", "roles"}
    assert knowing(services, "owner_password") == {"database", "migrate", "roles", "backup"}
    # A restore fills a database that nothing has been made in yet.
    assert not {"migrate", "roles"} & set(services["backup"]["depends_on"]), "a backup needs no schema to be restored"
    used = {source for service in services.values() for source in names(service, "volumes")}
    unused = set(declared["volumes"]) - used
    assert unused <= {"files"}, f"nobody mounts {unused}"
    return services


def published(services):
    return {name for name, service in services.items() if service.get("ports")}


def main():
    plain, tls, whole = map(check, sys.argv[1:])
    assert published(plain) == {"server"} and [port["host_ip"] for port in plain["server"]["ports"]] == ["127.0.0.1"]
    for services in (tls, whole):
        assert published(services) == {"proxy"}, "what is behind the proxy is reached past it"
        environment = services["server"]["environment"]
        assert environment["HOLDOUT_BEHIND_PROXY"] == "true" and environment["HOLDOUT_PUBLIC_URL"].startswith("https://")
    assert mounting(plain, "files") == {"server", "scorer", "runner", "backup"}
    assert not mounting(whole, "files"), "files lie in the bucket"
    for name in ("server", "scorer", "runner", "backup"):
        assert whole[name]["environment"]["HOLDOUT_FILES"] == "s3://holdout", name
    assert knowing(whole, "storage_key") == {"server", "scorer", "runner", "backup"}
    assert knowing(whole, "userlist.txt") == {"pooler"}
    for secret in ("smtp_url", "providers.json", "provider_secret"):
        assert knowing(whole, secret) == {"server"}, secret
    for name, variable in (("server", "DATABASE_URL"), ("scorer", "HOLDOUT_DATABASE_URL"), ("runner", "HOLDOUT_DATABASE_URL")):
        environment = whole[name]["environment"]
        assert "@pooler:6432/" in environment[variable], f"{name} goes through the pooler"
        assert "@database/" in environment["HOLDOUT_DATABASE_DIRECT_URL"], f"{name} listens past the pooler"
    for name in ("migrate", "backup"):
        assert "@database/" in whole[name]["environment"]["DATABASE_URL"], f"{name} goes past the pooler"


main()
