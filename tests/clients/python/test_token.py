"""Signing in at the pretended Entra, by azure-identity and MSAL."""

import base64
import json

import pytest
from azure.core.exceptions import ClientAuthenticationError

from conftest import SCOPES, credential
from simulator import Simulator


def test_a_token_is_for_graph_and_carries_the_three_permissions(simulator: Simulator) -> None:
    token = credential(simulator).get_token(*SCOPES).token
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["tid"] == simulator.ready["tenant"]
    assert sorted(claims["roles"]) == ["Calendars.Read", "MailboxSettings.Read", "User.Read.All"]


@pytest.mark.parametrize(
    ("name", "wrong", "code"),
    [
        ("client_secret", "not the secret", "AADSTS7000215"),
        ("client_id", "00000000-0000-4000-8000-000000000000", "AADSTS700016"),
        ("tenant", "00000000-0000-4000-8000-000000000000", "AADSTS90002"),
    ],
)
def test_who_is_not_known_is_refused_with_entras_code(
    simulator: Simulator, name: str, wrong: str, code: str
) -> None:
    with pytest.raises(ClientAuthenticationError, match=code):
        credential(simulator, **{name: wrong}).get_token(*SCOPES)
