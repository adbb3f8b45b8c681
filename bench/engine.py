# SPDX-License-Identifier: Apache-2.0
"""A Docker engine with a folder of its own, for as long as the block lasts."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

FLAGS = ("--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --bridge=none "
         "--userland-proxy=false --log-level error").split()


class Engine:
    def __init__(self, where):
        self.where = tempfile.mkdtemp(prefix="e", dir=where)
        self.host = f"unix://{self.where}/s"
        self.client = f"DOCKER_CONFIG={self.where}/config docker -H {self.host}"
        self.log = open(f"{self.where}/log", "w")
        self.process = None

    def answers(self):
        return subprocess.run(f"{self.client} version", shell=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def __enter__(self):
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "dockerd", *FLAGS,
             "--data-root", f"{self.where}/data", "--exec-root", f"{self.where}/exec",
             "--pidfile", f"{self.where}/pid", "--host", self.host],
            stdout=self.log, stderr=self.log)
        for _ in range(300):
            if self.process.poll() is not None or self.answers():
                break
            time.sleep(0.1)
        return self if self.process.poll() is None else None

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.where, ignore_errors=True)
        if os.path.exists(self.where):
            print(f"something of the engine is left in {self.where}")
