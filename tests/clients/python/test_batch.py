"""Twenty requests in one, by the SDK's batch classes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node import JsonParseNode
from msgraph import GraphServiceClient
from msgraph.generated.models.event_collection_response import EventCollectionResponse
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user import User
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from asking import IMMUTABLE, week
from simulator import Employee, Simulator


def item(graph: GraphServiceClient, name: str, request: RequestInformation) -> BatchRequestItem:
    """A request as an item. The SDK leaves the service's address in front of it, which Graph refuses as well as the
    simulator: https://github.com/microsoftgraph/msgraph-sdk-python-core/issues/1116
    """
    made = BatchRequestItem(request, id=name)
    made.url = made.url.removeprefix(graph.request_adapter.base_url)
    return made


def add(graph: GraphServiceClient, batch: BatchRequestContent, name: str, request: RequestInformation) -> None:
    """Adds a request to a batch."""
    batch.add_request(name, item(graph, name, request))


async def bodies(graph: GraphServiceClient, batch: BatchRequestContent) -> dict[str, Any]:
    """What the items brought. The SDK's own answer to a batch loses bodies that are JSON:
    https://github.com/microsoft/kiota-python/issues/737
    """
    request = await graph.batch.to_post_request_information(batch)
    answer = await graph.request_adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
    return {response["id"]: response["body"] for response in json.loads(answer)["responses"]}


def parsed(body: Any, kind: type[Parsable]) -> Any:
    """A body as the SDK's object."""
    return JsonParseNode(body).get_object_value(kind)


async def test_twenty_items_are_answered_each_on_its_own(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "a", {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:00:00Z", "subject": "x"})
    batch = BatchRequestContent()
    users = graph.users
    for number, other in enumerate(simulator.employees[:18]):
        settings = users.by_user_id(other.mail).mailbox_settings
        add(graph, batch, f"u{number}", settings.to_get_request_information())
    calendar = users.by_user_id(employee.mail).calendar_view
    add(graph, batch, "view", calendar.to_get_request_information(week(IMMUTABLE)))
    add(graph, batch, "nobody", users.by_user_id("nobody@lindenhof.example").to_get_request_information())
    assert len(batch.requests) == 20

    answer = await graph.batch.post(batch)
    assert answer.get_response_status_codes() == {name: 404 if name == "nobody" else 200 for name in batch.requests}

    found = await bodies(graph, batch)
    assert found.keys() == batch.requests.keys()
    events = parsed(found["view"], EventCollectionResponse).value
    assert [(event.id, event.subject) for event in events] == [("a", "x")]
    assert parsed(found["nobody"], ODataError).error.code == "Request_ResourceNotFound"


async def test_users_come_out_of_a_batch_as_the_users_they_are(graph: GraphServiceClient) -> None:
    batch = BatchRequestContent()
    listed = (await graph.users.get()).value[:3]
    for user in listed:
        add(graph, batch, user.id, graph.users.by_user_id(user.id).to_get_request_information())
    found = await bodies(graph, batch)
    for user in listed:
        single = parsed(found[user.id], User)
        assert (single.mail, single.display_name) == (user.mail, user.display_name)


async def test_an_item_is_throttled_on_its_own_and_says_when_to_return(
    graph: GraphServiceClient, simulator: Simulator
) -> None:
    simulator.fault("graph_throttled", on=True)
    batch = BatchRequestContent()
    add(graph, batch, "a", graph.users.to_get_request_information())
    answer = await graph.batch.post(batch)
    throttled = answer.get_response_by_id("a")
    assert throttled.status == 429
    assert throttled.headers["Retry-After"] == "1"


async def test_one_item_more_is_too_many_for_the_service(graph: GraphServiceClient) -> None:
    batch = BatchRequestContent()
    for number in range(20):
        add(graph, batch, f"u{number}", graph.users.to_get_request_information())
    # Past the SDK's own limit, which is not what is tried here.
    batch.requests["extra"] = item(graph, "extra", graph.users.to_get_request_information())
    with pytest.raises(ODataError, match="maximum value of 20") as refused:
        await graph.batch.post(batch, {"XXX": ODataError})
    assert (refused.value.response_status_code, refused.value.error.code) == (400, "BadRequest")
