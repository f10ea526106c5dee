"""Without TLS. azure-identity refuses such an authority, so the token is fetched by hand; the SDK does the rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken

from asking import week
from conftest import client
from simulator import Simulator


@pytest.fixture(scope="module")
def plain() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


class ByForm:
    """The client credentials grant as one form (Microsoft identity platform, "client credentials grant flow")."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self._ready = ready

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        ready = self._ready
        form = {
            "grant_type": "client_credentials",
            "client_id": ready["client_id"],
            "client_secret": ready["client_secret"],
            "scope": " ".join(scopes),
        }
        answer = httpx.post(f"{ready['login']}/{ready['tenant']}/oauth2/v2.0/token", data=form)
        token = answer.raise_for_status().json()
        return AccessToken(token["access_token"], int(time.time()) + token["expires_in"])


async def test_users_and_calendars_are_read_without_tls(plain: Simulator) -> None:
    assert plain.ready["graph"].startswith("http://") and plain.ready["ca"] is None
    graph, http = client(plain, ByForm(plain.ready))
    try:
        users = (await graph.users.get()).value
        assert [user.mail for user in users] == [employee.mail for employee in plain.employees]
        somebody = plain.employees[0]
        plain.enter(somebody, "a", {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:00:00Z", "subject": "mine"})
        events = (await graph.users.by_user_id(somebody.mail).calendar_view.get(week(top=100))).value
        assert "mine" in [event.subject for event in events]
    finally:
        await http.aclose()
