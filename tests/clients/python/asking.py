"""Requests that several tests make."""

from __future__ import annotations

from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder
from msgraph_core import PageIterator

from simulator import Employee

#: A week in November 2026, Monday to Monday, in UTC.
WEEK = ("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z")

IMMUTABLE = 'IdType="ImmutableId"'
BERLIN = 'outlook.timezone="W. Europe Standard Time"'


def asked(query: Any = None, *prefer: str) -> RequestConfiguration:
    """A request's query and what it prefers."""
    configuration = RequestConfiguration(query_parameters=query)
    for preference in prefer:
        configuration.headers.add("Prefer", preference)
    return configuration


def week(*prefer: str, **query: Any) -> RequestConfiguration:
    """A view of that week."""
    parameters = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters
    return asked(parameters(start_date_time=WEEK[0], end_date_time=WEEK[1], **query), *prefer)


async def everything(graph: GraphServiceClient, first: Any, *prefer: str) -> list[Any]:
    """All items of a list, over all of its pages, by the SDK's own iterator."""
    pages = PageIterator(first, graph.request_adapter, error_mapping={"XXX": ODataError})
    for preference in prefer:
        pages.headers.add("Prefer", preference)
    items: list[Any] = []

    def keep(item: Any) -> bool:
        items.append(item)
        return True

    await pages.iterate(keep)
    return items


async def view(graph: GraphServiceClient, employee: Employee, *prefer: str, **query: Any) -> dict[str, Event]:
    """What is in somebody's calendar in that week, by immutable id."""
    wanted = (IMMUTABLE, *prefer)
    first = await graph.users.by_user_id(employee.mail).calendar_view.get(week(*wanted, **query))
    events = await everything(graph, first, *wanted)
    by_id = {event.id: event for event in events}
    assert len(by_id) == len(events), "an event came twice"
    return by_id
