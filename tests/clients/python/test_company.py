"""Appointments of the pretended company, as the simulator keeps it and as the SDK reads it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_type import EventType
from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import CalendarViewRequestBuilder

from asking import IMMUTABLE, asked, everything
from simulator import Simulator

KINDS = {"out_of_office": "oof", "working_elsewhere": "workingElsewhere"}
ANSWERS = {"tentative": "tentativelyAccepted", "not_responded": "notResponded"}


def as_kept(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the control API, in Graph's words."""
    if event.get("all_day"):
        after = datetime.fromisoformat(event["last_day"]) + timedelta(days=1)
        times = (True, datetime.fromisoformat(event["first_day"]), after)
    else:
        times = (False, *(datetime.fromisoformat(event[name]).replace(tzinfo=None) for name in ("start", "end")))
    return {
        "times": times,
        "kind": KINDS.get(event["kind"], event["kind"]),
        "answer": ANSWERS.get(event["response"], event["response"]),
        **{name: event[name] for name in ("subject", "sensitivity", "cancelled", "draft")},
    }


def as_read(event: Event) -> dict[str, Any]:
    """The same of the SDK's event."""
    assert event.start.time_zone == event.end.time_zone == "UTC"
    # Python reads six digits of a second; Graph writes seven.
    start, end = (datetime.fromisoformat(time.date_time.removesuffix("0")) for time in (event.start, event.end))
    return {
        "times": (event.is_all_day, start, end),
        "kind": event.show_as.value,
        "answer": event.response_status.response.value,
        "subject": event.subject,
        "sensitivity": event.sensitivity.value,
        "cancelled": event.is_cancelled,
        "draft": event.is_draft,
    }


async def test_a_week_of_some_employees_is_read_as_it_is_kept(
    graph: GraphServiceClient, simulator: Simulator
) -> None:
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = ((today + timedelta(days=days)).isoformat() for days in (-3, 4))
    query = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters
    whole = query(start_date_time=begin, end_date_time=end, top=100)
    kinds: set[EventType] = set()
    # Not all of them: the SDK takes ten milliseconds to read one event.
    for employee in simulator.employees[:18:5]:
        path = f"mailboxes/{employee.mail}/events?from={quote(begin)}&to={quote(end)}"
        kept = {event["id"]: as_kept(event) for event in simulator.control("GET", path)}
        first = await graph.users.by_user_id(employee.mail).calendar_view.get(asked(whole, IMMUTABLE))
        events = await everything(graph, first, IMMUTABLE)
        assert {event.id: as_read(event) for event in events} == kept
        assert len(events) == len(kept) > 0, employee.mail
        for event in events:
            of_series = event.type in (EventType.Occurrence, EventType.Exception)
            assert (event.series_master_id is not None) == of_series
        kinds.update(event.type for event in events)
    assert EventType.SeriesMaster not in kinds
    assert {EventType.SingleInstance, EventType.Occurrence} <= kinds
