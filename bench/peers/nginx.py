"""nginx as a place to put files: the floor of an upload over the loopback line. It hashes nothing and flushes nothing."""

import http.client
import os
import shutil
import subprocess
import time

import measure

CONFIGURATION = """
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/arriving;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/kept;
    location / {{ dav_methods PUT; }}
  }}
}}
"""


class Nginx:
    def __init__(self, program, folder, port):
        self.program = program
        self.folder = folder
        self.port = port

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "kept").mkdir(parents=True)
        user = "user root;" if os.getuid() == 0 else ""
        written = self.folder / "nginx.conf"
        written.write_text(CONFIGURATION.format(folder=self.folder.resolve(), port=self.port, user=user))
        self.process = subprocess.Popen([self.program, "-c", written.resolve(), "-p", self.folder.resolve()])
        for _ in range(100):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port).connect()
                return self
            except OSError:
                time.sleep(0.05)
        raise measure.Failed("nginx did not come up")

    def put(self, source, piece_bytes):
        line = http.client.HTTPConnection("127.0.0.1", self.port)
        line.blocksize = piece_bytes
        started = time.perf_counter()
        with open(source, "rb") as file:
            line.request("PUT", "/plain.bin", file, {"content-length": str(source.stat().st_size)})
            answer = line.getresponse()
            answer.read()
        if answer.status not in (201, 204):
            raise measure.Failed(f"nginx answered {answer.status}")
        return time.perf_counter() - started

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
