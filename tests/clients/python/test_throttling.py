"""The SDK's own retry handler meets throttling."""

from __future__ import annotations

import time

import anyio
import pytest
from kiota_http.middleware.options import RetryHandlerOption
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from asking import asked
from simulator import Simulator

FAULT = "graph_throttled"


async def test_it_comes_back_after_the_time_that_retry_after_names(
    graph: GraphServiceClient, simulator: Simulator
) -> None:
    before = simulator.struck(FAULT)
    simulator.fault(FAULT, on=True)
    simulator.control("DELETE", "requests")
    begin = time.monotonic()

    async def relent() -> None:
        while simulator.struck(FAULT) == before:
            await anyio.sleep(0.01)
        simulator.fault(FAULT, on=False)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(relent)
            answer = await graph.users.get()
    struck = simulator.struck(FAULT) - before
    assert struck >= 1 and len(answer.value) == 20
    assert time.monotonic() - begin >= struck, "Retry-After says one second"
    assert simulator.control("GET", "requests")["graph.users"]["requests"] == struck + 1


async def test_it_gives_up_after_as_many_retries_as_allowed(graph: GraphServiceClient, simulator: Simulator) -> None:
    before = simulator.struck(FAULT)
    simulator.fault(FAULT, on=True)
    once = asked()
    once.options = [RetryHandlerOption(max_retries=1)]
    with pytest.raises(ODataError) as raised:
        await graph.users.get(once)
    assert (raised.value.response_status_code, raised.value.error.code) == (429, "TooManyRequests")
    assert raised.value.response_headers["retry-after"] == "1"
    assert simulator.struck(FAULT) - before == 2
