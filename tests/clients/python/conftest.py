"""One simulator for the whole run, an own empty calendar for each test, and Microsoft's SDK pointed at it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory

from simulator import Employee, Simulator

SCOPES = ["https://graph.microsoft.com/.default"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The simulator, with TLS: azure-identity accepts no authority without."""
    with Simulator("--tls") as running:
        yield running


@pytest.fixture(autouse=True)
def no_fault_is_left_on(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "simulator" in request.fixturenames:
        running = request.getfixturevalue("simulator")
        for name, fault in running.control("GET", "faults").items():
            if fault["rate"] > 0:
                running.fault(name, on=False)


def emptied(simulator: Simulator, somebody: Employee) -> Employee:
    """Somebody whose calendar is empty, can be read and is in Berlin."""
    simulator.control("DELETE", f"mailboxes/{somebody.mail}/events")
    berlin = {"access": "granted", "zone": "Europe/Berlin", "zone_name": "W. Europe Standard Time"}
    simulator.control("PATCH", f"mailboxes/{somebody.mail}", berlin)
    return somebody


@pytest.fixture
def employee(simulator: Simulator) -> Employee:
    """Somebody for one test. Most tests of the directory look at others."""
    return emptied(simulator, simulator.employees[19])


@pytest.fixture(scope="module")
def roomy(simulator: Simulator) -> Employee:
    """Somebody whose calendar the tests of one file fill together, each under names of its own."""
    return emptied(simulator, simulator.employees[18])


def credential(simulator: Simulator, **different: str) -> ClientSecretCredential:
    """Microsoft's own sign-in, with the simulator as the authority."""
    ready = simulator.ready | different
    return ClientSecretCredential(
        ready["tenant"],
        ready["client_id"],
        ready["client_secret"],
        authority=ready["login"],
        disable_instance_discovery=True,
        connection_verify=ready["ca"],
    )


def client(simulator: Simulator, credentials: TokenCredential) -> tuple[GraphServiceClient, httpx.AsyncClient]:
    """The SDK with its default middleware; only address and authority are the simulator's."""
    ca = simulator.ready["ca"]
    verify = ssl.create_default_context(cafile=ca) if ca else False
    http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(verify=verify))
    allowed = ["127.0.0.1"]
    adapter = GraphRequestAdapter(
        AzureIdentityAuthenticationProvider(credentials, scopes=SCOPES, allowed_hosts=allowed), client=http
    )
    adapter.base_url = simulator.ready["graph"]
    return GraphServiceClient(request_adapter=adapter), http


@pytest.fixture
async def graph(simulator: Simulator) -> AsyncIterator[GraphServiceClient]:
    service, http = client(simulator, credential(simulator))
    yield service
    await http.aclose()
