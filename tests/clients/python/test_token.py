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


def test_a_wrong_secret_is_refused_with_entras_code(simulator: Simulator) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(simulator, secret="not the secret").get_token(*SCOPES)


def test_an_unknown_tenant_is_refused(simulator: Simulator) -> None:
    ready = simulator.ready
    try:
        simulator.ready = ready | {"tenant": "00000000-0000-4000-8000-000000000000"}
        with pytest.raises(Exception, match="(?i)tenant|authority"):
            credential(simulator).get_token(*SCOPES)
    finally:
        simulator.ready = ready
