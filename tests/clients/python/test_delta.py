"""Rounds of changes: pages by nextLink, the next round by deltaLink, both opened by the SDK."""

from __future__ import annotations

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import DeltaRequestBuilder

from asking import IMMUTABLE, WEEK, asked, everything
from simulator import Employee, Simulator


def hour(day: int) -> dict[str, str]:
    return {"start": f"2026-11-{day}T09:00:00Z", "end": f"2026-11-{day}T10:00:00Z"}


def first_round(page: int = 50) -> RequestConfiguration:
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        start_date_time=WEEK[0], end_date_time=WEEK[1]
    )
    return asked(query, IMMUTABLE, f"odata.maxpagesize={page}")


async def round_of(delta: DeltaRequestBuilder, first: RequestConfiguration) -> tuple[list[Event], str, int]:
    """All events of a round, the link to the next one, and how many pages it had."""
    events: list[Event] = []
    answer = await delta.get(first)
    for pages in range(1, 50):
        events.extend(answer.value)
        if answer.odata_next_link is None:
            return events, answer.odata_delta_link, pages
        assert answer.odata_delta_link is None
        answer = await delta.with_url(answer.odata_next_link).get(asked(None, IMMUTABLE))
    raise AssertionError("the round does not end")


async def next_round(delta: DeltaRequestBuilder, link: str) -> tuple[dict[str, Event], str]:
    events, link, _ = await round_of(delta.with_url(link), asked(None, IMMUTABLE))
    return {event.id: event for event in events}, link


async def test_rounds_tell_everything_and_then_only_changes(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    delta = graph.users.by_user_id(employee.mail).calendar_view.delta
    for name, day in (("a", 24), ("b", 25), ("c", 26)):
        simulator.enter(employee, name, hour(day) | {"subject": name})
    events, link, pages = await round_of(delta, first_round(page=2))
    assert ({event.id: event.subject for event in events}, pages) == ({"a": "a", "b": "b", "c": "c"}, 2)

    changed, link = await next_round(delta, link)
    assert changed == {}

    simulator.enter(employee, "b", hour(27) | {"subject": "moved"})
    simulator.enter(employee, "d", hour(28))
    simulator.remove(employee, "a")
    changed, link = await next_round(delta, link)
    assert sorted(changed) == ["a", "b", "d"]
    assert changed["b"].subject == "moved"
    assert changed["b"].start.date_time == "2026-11-27T09:00:00.0000000"
    assert changed["a"].additional_data["@removed"]["reason"] == "deleted"
    assert "@removed" not in changed["d"].additional_data
    assert (await next_round(delta, link))[0] == {}


async def test_the_iterator_walks_the_pages_of_a_round(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    for number in range(7):
        simulator.enter(employee, f"e{number}", hour(23 + number))
    first = await graph.users.by_user_id(employee.mail).calendar_view.delta.get(first_round(page=3))
    assert len(first.value) == 3
    events = await everything(graph, first, IMMUTABLE)
    assert sorted(event.id for event in events) == [f"e{number}" for number in range(7)]


async def test_a_series_comes_as_its_master_and_sparse_occurrences(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "s", hour(24) | {"subject": "Daily", "recurrence": {"every_days": 1, "count": 3}})
    delta = graph.users.by_user_id(employee.mail).calendar_view.delta
    events, link, _ = await round_of(delta, first_round())
    master, *occurrences = events
    assert (master.id, master.type, master.subject) == ("s", EventType.SeriesMaster, "Daily")
    assert len(occurrences) == 3
    for occurrence in occurrences:
        assert (occurrence.type, occurrence.series_master_id) == (EventType.Occurrence, "s")
        assert occurrence.subject is None and occurrence.show_as is None
        assert occurrence.start.time_zone == "UTC"
    simulator.remove(employee, "s")
    changed, _ = await next_round(delta, link)
    assert {name: event.additional_data["@removed"]["reason"] for name, event in changed.items()} == {
        event.id: "deleted" for event in events
    }


async def test_a_lost_token_is_told_as_such(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    delta = graph.users.by_user_id(employee.mail).calendar_view.delta
    _, link, _ = await round_of(delta, first_round())
    simulator.control("POST", f"mailboxes/{employee.mail}/forget")
    with pytest.raises(ODataError) as lost:
        await next_round(delta, link)
    assert (lost.value.response_status_code, lost.value.error.code) == (410, "SyncStateNotFound")
