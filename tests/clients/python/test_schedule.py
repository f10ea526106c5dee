"""Free and busy times of several people at once."""

from __future__ import annotations

from msgraph import GraphServiceClient
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.users.item.calendar.get_schedule.get_schedule_post_request_body import (
    GetSchedulePostRequestBody,
)

from asking import BERLIN, asked
from simulator import Employee, Simulator


async def test_people_are_told_with_their_items_and_a_digit_for_every_half_hour(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    day = "2026-11-24T"
    entered = {
        "a": ("09:00", "09:30", {"kind": "tentative", "subject": "Vielleicht"}),
        "b": ("10:00", "11:00", {"kind": "busy", "subject": "Jour fixe"}),
        "c": ("11:00", "11:30", {"kind": "out_of_office", "subject": "Arzt", "sensitivity": "private"}),
    }
    for name, (start, end, more) in entered.items():
        times = {"start": f"{day}{start}:00+01:00", "end": f"{day}{end}:00+01:00"}
        simulator.enter(employee, name, times | more)
    zone = "W. Europe Standard Time"
    body = GetSchedulePostRequestBody(
        schedules=[employee.mail, "nobody@lindenhof.example"],
        start_time=DateTimeTimeZone(date_time=f"{day}09:00:00", time_zone=zone),
        end_time=DateTimeTimeZone(date_time=f"{day}12:00:00", time_zone=zone),
        availability_view_interval=30,
    )
    answer = await graph.users.by_user_id(employee.mail).calendar.get_schedule.post(body, asked(None, BERLIN))
    known, unknown = answer.value
    assert (known.schedule_id, known.availability_view) == (employee.mail, "102230")
    assert [(item.status, item.subject) for item in known.schedule_items] == [
        (FreeBusyStatus.Tentative, "Vielleicht"), (FreeBusyStatus.Busy, "Jour fixe"), (FreeBusyStatus.Oof, None),
    ]
    first = known.schedule_items[0]
    assert (first.start.date_time, first.start.time_zone) == (f"{day}09:00:00.0000000", zone)
    assert (first.end.date_time, first.is_private) == (f"{day}09:30:00.0000000", False)
    assert known.working_hours.time_zone.name and known.error is None
    assert (unknown.schedule_id, unknown.schedule_items) == ("nobody@lindenhof.example", None)
    assert unknown.error.response_code == "5009" and "nobody@lindenhof.example" in unknown.error.message
