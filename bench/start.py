"""From nothing to the first answer: into an empty database of a running PostgreSQL, and into an empty folder."""

import os
import shutil
import statistics
import subprocess
import time

import measure
from live import House, free_port, is_ready

RUNS, QUICK_RUNS = 5, 2
PATIENCE_S = 60


def bench(binaries, work, quick):
    runs = QUICK_RUNS if quick else RUNS
    folders = []
    for _ in range(runs):
        with House(binaries, work / "house") as house:
            folders.append(house.start_s)
    with House(binaries, work / "house") as house:
        databases = [into_database(house, work / "files", number) for number in range(runs)]
    results = {"folder_s": statistics.median(folders), "database_s": statistics.median(databases)}
    print(
        "to the first answer: an empty database of a running PostgreSQL {database_s:.2f} s; an empty folder, the database "
        "made as well, {folder_s:.2f} s".format(**results),
        flush=True,
    )
    return results


def into_database(house, files, number):
    """Seconds of `holdout migrate` and of `holdout serve` until it is ready."""
    name = f"started_{number}"
    house.sql(f"create database {name}")
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": house.address(name),
        "HOLDOUT_DATA_DIR": str(files),
        "HOLDOUT_FILES": str(files),
        "HOLDOUT_LISTEN": f"127.0.0.1:{port}",
        "RUST_LOG": "warn,sqlx::query=error",
    }
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    begun = time.monotonic()
    subprocess.run([house.program, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    server = subprocess.Popen([house.program, "serve"], env=environment, stdout=house.log, stderr=subprocess.STDOUT)
    try:
        while not is_ready(f"http://127.0.0.1:{port}"):
            if server.poll() is not None or time.monotonic() - begun > PATIENCE_S:
                raise measure.Failed(f"`holdout serve` did not come up; see {house.log.name}")
            time.sleep(0.005)
        return time.monotonic() - begun
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(files, ignore_errors=True)
