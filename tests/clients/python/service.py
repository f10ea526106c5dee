"""The service as a process, with an administrator and a token."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

#: Longest that the service may take to start, or to stop, in seconds.
PATIENCE = 60


class Service:
    """A running service with an empty store; a context manager, so that it stops whatever happens."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="busylamp-clients-")

    def __enter__(self) -> Service:
        log = Path(self._folder.name) / "run.log"
        data = Path(self._folder.name) / "data"
        data.mkdir()
        command = [os.environ["BUSYLAMP"], "run", "--data", str(data), "--listen", "127.0.0.1:0"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        deadline = time.monotonic() + PATIENCE
        while not (printed := re.search(r"once: (http://\S+?)(/setup/\S+)", log.read_text())):
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended with {self._process.returncode}: {log.read_text()}")
            if time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError("the service does not get ready")
            time.sleep(0.01)
        url, set_up = printed.groups()
        with httpx.Client(base_url=url, headers={"sec-fetch-site": "same-origin"}, trust_env=False) as browser:
            browser.post(set_up, data={"name": "anna", "password": "ein langes Kennwort"})
            # httpx keeps no Secure cookie for plain HTTP, as browsers do on loopback.
            answer = browser.post("/login", data={"name": "anna", "password": "ein langes Kennwort"})
            cookie = answer.headers["set-cookie"].split(";")[0]
            form = {"name": "clients", "role": "administrator", "expires": ""}
            page = browser.post("/tokens", data=form, headers={"cookie": cookie}).text
        token = re.search(r"busylamp_[\w-]+", page)
        assert token, page
        headers = {"authorization": f"Bearer {token.group()}"}
        self.api = httpx.Client(base_url=f"{url}/api/v1", headers=headers, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self._process.terminate()
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._folder.cleanup()
        assert status == 0, f"the service ended with {status}"
