"""The simulator as a process, and its control API."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

#: Longest that the simulator may take to start, or to stop, in seconds.
PATIENCE = 60


@dataclass(frozen=True)
class Employee:
    """Somebody who works at the pretended company."""

    mail: str
    name: str
    account: int


class Simulator:
    """A running simulator; a context manager, so that it stops whatever happens."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="busylamp-clients-")

    def __enter__(self) -> Simulator:
        ready = Path(self._folder.name) / "ready.json"
        program = os.environ["BUSYLAMP"]
        command = [program, "sim", "--ready-file", str(ready), "--users", "20", "--seed", "1", *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        # The file appears whole, once everything answers.
        while not ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError(f"the simulator ended with {self._process.returncode} before it was ready")
            if time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError("the simulator does not get ready")
            time.sleep(0.01)
        self.ready: dict[str, Any] = json.loads(ready.read_text())
        self.employees = [Employee(**user) for user in self.ready["users"]]
        self._http = httpx.Client(base_url=self.ready["control"] + "/", verify=self.ready["ca"] or False)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._folder.cleanup()
        assert status == 0, f"the simulator ended with {status}"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the control API, which must agree, and returns its answer."""
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def enter(self, employee: Employee, name: str, event: dict[str, Any]) -> None:
        """Enters an event into a calendar, or replaces it."""
        self.control("PUT", f"mailboxes/{employee.mail}/events/{name}", event)

    def remove(self, employee: Employee, name: str) -> None:
        """Removes an event from a calendar."""
        self.control("DELETE", f"mailboxes/{employee.mail}/events/{name}")

    def fault(self, name: str, on: bool) -> None:
        """Switches a fault on or off."""
        self.control("PUT", f"faults/{name}", {"on": on})

    def struck(self, name: str) -> int:
        """How often a fault has struck so far."""
        return self.control("GET", "faults")[name]["struck"]
