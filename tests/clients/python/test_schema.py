"""What the simulator says is, to the last property, of the types that the SDK was generated with from Graph's schema."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable
from kiota_serialization_json.json_parse_node import JsonParseNode
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph import GraphServiceClient
from msgraph.generated.models.calendar_collection_response import CalendarCollectionResponse
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_collection_response import EventCollectionResponse
from msgraph.generated.models.mailbox_settings import MailboxSettings
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user_collection_response import UserCollectionResponse
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_response import GetSchedulePostResponse

from asking import WEEK
from simulator import Employee, Simulator


async def raw(graph: GraphServiceClient, path: str, body: Any = None) -> Any:
    """An answer as it comes, by the SDK's own connection."""
    request = RequestInformation()
    request.http_method = Method.GET
    request.url = graph.request_adapter.base_url + path
    if body is not None:
        request.http_method = Method.POST
        request.set_stream_content(json.dumps(body).encode(), "application/json")
    answer = await graph.request_adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
    return json.loads(answer)


def through_the_sdk(answer: Any, kind: type[Parsable]) -> Any:
    """An answer, read into the SDK's objects and written again. Properties that their types do not have get lost."""
    node = JsonParseNode(answer)
    node.on_after_assign_field_values = lambda read: read.additional_data.clear()
    writer = JsonSerializationWriter()
    node.get_object_value(kind).serialize(writer)
    return json.loads(writer.get_serialized_content())


def told(value: Any) -> Any:
    """What is said: without what is said to be nothing, without OData's own members, and with times of the day and
    instants as Python writes them.
    """
    if isinstance(value, dict):
        return {name: told(inner) for name, inner in value.items() if inner is not None and not name.startswith("@")}
    if isinstance(value, list):
        return [told(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"\d\d:\d\d:\d\d\.0{7}", value):
        return value.removesuffix(".0000000")
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value):
        return value.removesuffix("Z") + "+00:00"
    return value


@pytest.fixture
def filled(simulator: Simulator, employee: Employee) -> Employee:
    """Somebody with an event of each sort."""
    hour = {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:00:00Z", "subject": "x"}
    simulator.enter(employee, "single", hour | {"response": "declined", "sensitivity": "private"})
    simulator.enter(employee, "series", hour | {"recurrence": {"every_days": 1, "count": 2}})
    simulator.enter(employee, "days", {"all_day": True, "first_day": "2026-11-26", "last_day": "2026-11-26"})
    return employee


SPAN = f"startDateTime={WEEK[0]}&endDateTime={WEEK[1]}"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/users?$top=3", UserCollectionResponse),
        ("/users/{}/mailboxSettings", MailboxSettings),
        ("/users/{}/calendars", CalendarCollectionResponse),
        (f"/users/{{}}/calendarView?{SPAN}", EventCollectionResponse),
        (f"/users/{{}}/calendarView/delta?{SPAN}", EventCollectionResponse),
        ("/users/{}/events/series", Event),
    ],
)
async def test_answers(graph: GraphServiceClient, filled: Employee, path: str, kind: type[Parsable]) -> None:
    answer = await raw(graph, path.format(filled.mail))
    assert told(through_the_sdk(answer, kind)) == told(answer)


async def test_free_and_busy_times(graph: GraphServiceClient, filled: Employee) -> None:
    asked = {
        "schedules": [filled.mail, "nobody@lindenhof.example"],
        "startTime": {"dateTime": "2026-11-24T00:00:00", "timeZone": "UTC"},
        "endTime": {"dateTime": "2026-11-27T00:00:00", "timeZone": "UTC"},
    }
    answer = await raw(graph, f"/users/{filled.mail}/calendar/getSchedule", asked)
    assert told(through_the_sdk(answer, GetSchedulePostResponse)) == told(answer)
