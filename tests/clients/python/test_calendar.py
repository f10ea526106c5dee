"""What was entered by the control API comes out of the SDK's objects, field by field."""

from __future__ import annotations

import pytest
from msgraph import GraphServiceClient
from msgraph.generated.models.event import Event
from msgraph.generated.models.event_type import EventType
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.response_type import ResponseType
from msgraph.generated.models.sensitivity import Sensitivity

from asking import BERLIN, IMMUTABLE, everything, view, week
from simulator import Employee, Simulator

#: Nine to half past ten in Berlin.
MORNING = {"start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:30:00+01:00"}


def times(event: Event) -> tuple[tuple[str, str], tuple[str, str]]:
    """Start and end, each with its zone."""
    return (event.start.date_time, event.start.time_zone), (event.end.date_time, event.end.time_zone)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("free", FreeBusyStatus.Free),
        ("tentative", FreeBusyStatus.Tentative),
        ("busy", FreeBusyStatus.Busy),
        ("out_of_office", FreeBusyStatus.Oof),
        ("working_elsewhere", FreeBusyStatus.WorkingElsewhere),
        ("unknown", FreeBusyStatus.Unknown),
    ],
)
async def test_kinds(
    graph: GraphServiceClient, simulator: Simulator, roomy: Employee, kind: str, expected: FreeBusyStatus
) -> None:
    simulator.enter(roomy, kind, MORNING | {"kind": kind, "subject": "Jour fixe"})
    event = (await view(graph, roomy))[kind]
    assert (event.show_as, event.subject) == (expected, "Jour fixe")


@pytest.mark.parametrize("word", ["normal", "personal", "private", "confidential"])
async def test_sensitivities(graph: GraphServiceClient, simulator: Simulator, roomy: Employee, word: str) -> None:
    simulator.enter(roomy, word, MORNING | {"sensitivity": word})
    assert (await view(graph, roomy))[word].sensitivity == Sensitivity(word)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("none", ResponseType.None_),
        ("organizer", ResponseType.Organizer),
        ("accepted", ResponseType.Accepted),
        ("tentative", ResponseType.TentativelyAccepted),
        ("declined", ResponseType.Declined),
        ("not_responded", ResponseType.NotResponded),
    ],
)
async def test_answers_to_invitations(
    graph: GraphServiceClient, simulator: Simulator, roomy: Employee, response: str, expected: ResponseType
) -> None:
    simulator.enter(roomy, f"answer-{response}", MORNING | {"response": response})
    event = (await view(graph, roomy))[f"answer-{response}"]
    assert event.response_status.response == expected
    own = response in ("none", "organizer")
    assert event.is_organizer == own
    assert (event.organizer.email_address.address == roomy.mail) == own


async def test_what_is_not_said_has_its_usual_value(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "plain", MORNING)
    event = (await view(graph, employee))["plain"]
    assert (event.show_as, event.sensitivity, event.type) == (
        FreeBusyStatus.Busy, Sensitivity.Normal, EventType.SingleInstance,
    )
    flags = (event.is_all_day, event.is_cancelled, event.is_draft, event.has_attachments, event.is_online_meeting)
    assert flags == (False, False, False, False, False)
    assert event.subject == "" and event.series_master_id is None and event.recurrence is None
    assert event.change_key and event.i_cal_u_id and event.additional_data["@odata.etag"]
    assert event.last_modified_date_time.tzinfo is not None


async def test_cancelled_and_draft(graph: GraphServiceClient, simulator: Simulator, employee: Employee) -> None:
    simulator.enter(employee, "off", MORNING | {"cancelled": True})
    simulator.enter(employee, "draft", MORNING | {"draft": True})
    events = await view(graph, employee)
    assert {name: (event.is_cancelled, event.is_draft) for name, event in events.items()} == {
        "off": (True, False), "draft": (False, True),
    }


async def test_times_have_seven_digits_and_are_utc_unless_a_zone_is_asked_for(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "a", MORNING)
    assert times((await view(graph, employee))["a"]) == (
        ("2026-11-24T08:00:00.0000000", "UTC"), ("2026-11-24T09:30:00.0000000", "UTC"),
    )
    assert times((await view(graph, employee, BERLIN))["a"]) == (
        ("2026-11-24T09:00:00.0000000", "W. Europe Standard Time"),
        ("2026-11-24T10:30:00.0000000", "W. Europe Standard Time"),
    )
    assert times((await view(graph, employee, 'outlook.timezone="Asia/Kolkata"'))["a"]) == (
        ("2026-11-24T13:30:00.0000000", "Asia/Kolkata"), ("2026-11-24T15:00:00.0000000", "Asia/Kolkata"),
    )


async def test_days_are_midnights_in_whatever_zone_and_end_on_the_day_after(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    days = {"all_day": True, "first_day": "2026-11-24", "last_day": "2026-11-25", "kind": "free", "subject": "Messe"}
    simulator.enter(employee, "fair", days)
    for prefer, zone in (((), "UTC"), ((BERLIN,), "W. Europe Standard Time")):
        event = (await view(graph, employee, *prefer))["fair"]
        assert event.is_all_day is True and event.show_as == FreeBusyStatus.Free
        assert times(event) == (("2026-11-24T00:00:00.0000000", zone), ("2026-11-26T00:00:00.0000000", zone))


async def test_a_series_is_shown_as_its_occurrences_which_name_their_master(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "daily", MORNING | {"subject": "Daily", "recurrence": {"every_days": 2, "count": 3}})
    events = sorted((await view(graph, employee)).values(), key=lambda event: event.start.date_time)
    assert [event.start.date_time for event in events] == [
        "2026-11-24T08:00:00.0000000", "2026-11-26T08:00:00.0000000", "2026-11-28T08:00:00.0000000",
    ]
    for event in events:
        assert (event.type, event.series_master_id, event.subject) == (EventType.Occurrence, "daily", "Daily")
        assert event.recurrence is None and event.id != "daily"

    calendar = graph.users.by_user_id(employee.mail)
    master = await calendar.events.by_event_id("daily").get(week(IMMUTABLE))
    assert (master.type, master.series_master_id) == (EventType.SeriesMaster, None)
    assert master.recurrence.pattern.type.value == "daily" and master.recurrence.pattern.interval == 2
    assert master.recurrence.range.number_of_occurrences == 3
    assert str(master.recurrence.range.start_date) == "2026-11-24"


async def test_ids_are_in_the_form_that_was_asked_for_and_both_open_the_event(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "a", MORNING)
    calendar = graph.users.by_user_id(employee.mail)
    usual = (await calendar.calendar_view.get(week())).value[0].id
    assert usual != "a"
    for name in (usual, "a"):
        assert (await calendar.events.by_event_id(name).get(week(IMMUTABLE))).id == "a"


async def test_only_what_is_selected_comes(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.enter(employee, "a", MORNING | {"subject": "Jour fixe"})
    event = (await view(graph, employee, select=["start", "end", "showAs"]))["a"]
    assert event.show_as == FreeBusyStatus.Busy and event.start and event.end
    assert event.subject is None and event.sensitivity is None and event.is_all_day is None


async def test_the_iterator_walks_all_pages_and_keeps_zone_and_form_of_ids(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    for number in range(23):
        day, hour = divmod(number, 5)
        start = f"2026-11-{23 + day}T{8 + hour:02}:00:00Z"
        simulator.enter(employee, f"e{number:02}", {"start": start, "end": start.replace(":00:00Z", ":45:00Z")})
    calendar = graph.users.by_user_id(employee.mail).calendar_view
    for top, length in ((None, 10), (4, 4), (500, 23)):
        first = await calendar.get(week(IMMUTABLE, BERLIN, top=top, orderby=["start/dateTime"]))
        assert len(first.value) == length
        events = await everything(graph, first, IMMUTABLE, BERLIN)
        assert [event.id for event in events] == [f"e{number:02}" for number in range(23)]
        assert events[-1].start.date_time == "2026-11-27T11:00:00.0000000"
        assert {event.start.time_zone for event in events} == {"W. Europe Standard Time"}


async def test_the_view_is_of_what_touches_the_window(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    spans = {
        "before": ("2026-11-22T22:00:00Z", "2026-11-23T00:00:00Z"),
        "into": ("2026-11-22T22:00:00Z", "2026-11-23T00:30:00Z"),
        "out": ("2026-11-29T23:30:00Z", "2026-11-30T02:00:00Z"),
        "after": ("2026-11-30T00:00:00Z", "2026-11-30T02:00:00Z"),
    }
    for name, (start, end) in spans.items():
        simulator.enter(employee, name, {"start": start, "end": end})
    assert sorted(await view(graph, employee)) == ["into", "out"]
