"""What was entered by the control API is what exchangelib sees, by whatever door it comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from exchangelib import BASIC, NTLM, EWSDateTime
from exchangelib.errors import (
    ErrorAccessDenied, ErrorCalendarViewRangeTooBig, ErrorFolderNotFound, ErrorImpersonateUserDenied,
    ErrorMailRecipientNotFound, ErrorNoFreeBusyAccess, ErrorNonExistentMailbox, ErrorServerBusy, UnauthorizedError,
)
from requests_ntlm import HttpNtlmAuth

from exchange import BERLIN, UTC, WEEK, configuration, delegate, owner, trusting
from simulator import Employee, Simulator

#: Nine to half past ten in Berlin.
MORNING = {"start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:30:00+01:00"}
#: What a mailbox and the server are unless a test says something else.
USUAL_MAILBOX = {"ews": "reviewer", "impersonable": True, "home": "both", "access": "granted", "zone": "Europe/Berlin"}
USUAL_SERVER = {"authentication": ["negotiate", "ntlm", "basic"], "channel_binding": "allow", "locked": False}


@pytest.fixture(scope="module", params=["http", "https"])
def exchange(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(*(["--tls"] if request.param == "https" else [])) as running:
        trusting(running)
        yield running


@pytest.fixture
def anna(exchange: Simulator) -> Employee:
    """Somebody with an empty calendar, at a server without whims."""
    somebody = exchange.employees[3]
    for name, fault in exchange.control("GET", "faults").items():
        if fault["rate"] > 0:
            exchange.fault(name, on=False)
    exchange.control("PATCH", "ews", USUAL_SERVER | {"password": exchange.ready["ews_password"]})
    exchange.control("PATCH", f"mailboxes/{somebody.mail}", USUAL_MAILBOX)
    exchange.control("DELETE", f"mailboxes/{somebody.mail}/events")
    return somebody


def seen(simulator: Simulator, employee: Employee, *window: EWSDateTime) -> dict[str, Any]:
    """The owner's calendar by subject."""
    items = list(owner(simulator, employee).calendar.view(*(window or WEEK)))
    by_subject = {item.subject: item for item in items}
    assert len(by_subject) == len(items), "two items have one subject"
    return by_subject


@pytest.mark.parametrize("sign_in", [BASIC, NTLM])
def test_everything_that_was_entered_is_seen(exchange: Simulator, anna: Employee, sign_in: str) -> None:
    exchange.enter(anna, "a", MORNING | {"subject": "Müller & Söhne <b>„Grüße“</b> 🦊", "response": "accepted"})
    exchange.enter(anna, "b", MORNING | {"subject": "Arzt", "sensitivity": "private", "kind": "out_of_office"})
    items = {item.subject: item for item in owner(exchange, anna, sign_in).calendar.view(*WEEK)}
    assert set(items) == {"Müller & Söhne <b>„Grüße“</b> 🦊", "Arzt"}
    meeting, doctor = items["Müller & Söhne <b>„Grüße“</b> 🦊"], items["Arzt"]
    assert (meeting.start, meeting.end) == (
        EWSDateTime(2026, 11, 24, 8, tzinfo=UTC), EWSDateTime(2026, 11, 24, 9, 30, tzinfo=UTC),
    )
    assert (meeting.type, meeting.is_meeting) == ("Single", True)
    assert (meeting.is_cancelled, meeting.is_all_day) == (False, False)
    assert (meeting.my_response_type, meeting.sensitivity) == ("Accept", "Normal")
    assert meeting.appointment_state == ("Meeting", "Received")
    assert meeting.organizer.email_address == "info@nordwerk.example"
    assert (doctor.legacy_free_busy_status, doctor.sensitivity) == ("OOF", "Private")
    assert (doctor.organizer.email_address, doctor.appointment_state) == (anna.mail, ())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("free", "Free"), ("tentative", "Tentative"), ("busy", "Busy"), ("out_of_office", "OOF"),
        ("working_elsewhere", "WorkingElsewhere"), ("unknown", "NoData"),
    ],
)
def test_kinds(exchange: Simulator, anna: Employee, kind: str, expected: str) -> None:
    exchange.enter(anna, "a", MORNING | {"kind": kind, "subject": "x"})
    assert seen(exchange, anna)["x"].legacy_free_busy_status == expected


@pytest.mark.parametrize("word", ["normal", "personal", "private", "confidential"])
def test_sensitivities(exchange: Simulator, anna: Employee, word: str) -> None:
    exchange.enter(anna, "a", MORNING | {"sensitivity": word, "subject": "x"})
    assert seen(exchange, anna)["x"].sensitivity == word.capitalize()


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("none", "Unknown"), ("organizer", "Organizer"), ("accepted", "Accept"), ("tentative", "Tentative"),
        ("declined", "Decline"), ("not_responded", "NoResponseReceived"),
    ],
)
def test_answers_to_invitations(exchange: Simulator, anna: Employee, response: str, expected: str) -> None:
    exchange.enter(anna, "a", MORNING | {"response": response, "subject": "x"})
    assert seen(exchange, anna)["x"].my_response_type == expected


def test_what_was_called_off_stays_for_who_was_invited(exchange: Simulator, anna: Employee) -> None:
    called_off = {"cancelled": True, "response": "accepted", "kind": "free", "subject": "Abgesagt: Runde"}
    exchange.enter(anna, "a", MORNING | called_off)
    item = seen(exchange, anna)["Abgesagt: Runde"]
    assert item.is_cancelled and "Canceled" in item.appointment_state


def test_all_day_items_are_days_where_they_were_entered(exchange: Simulator, anna: Employee) -> None:
    fair = {"all_day": True, "first_day": "2026-11-24", "last_day": "2026-11-25", "kind": "out_of_office"}
    exchange.enter(anna, "a", fair | {"subject": "Messe"})
    exchange.control("PATCH", f"mailboxes/{anna.mail}", {"zone": "America/New_York"})
    exchange.enter(anna, "b", fair | {"subject": "Fair"})
    items = list(delegate(exchange, anna)[1].view(*WEEK).only("subject", "start", "end", "is_all_day"))
    assert all(item.is_all_day for item in items)
    days = {item.subject: (str(item.start), str(item.end)) for item in items}
    # exchangelib has dates for these, of the zone that it takes for the account's: the raw answer is looked at.
    assert set(days) == {"Messe", "Fair"}
    raw = dict(raw_starts(exchange, anna))
    assert raw == {"Messe": "2026-11-23T23:00:00Z", "Fair": "2026-11-24T05:00:00Z"}


def raw_starts(simulator: Simulator, employee: Employee) -> list[tuple[str, str]]:
    """Subjects and starts as they stand in the answer."""
    text = post(simulator, view_of(employee.mail)).text
    return re.findall(r"<t:Subject>(.*?)</t:Subject><t:Start>(.*?)</t:Start>", text)


def view_of(*addresses: str) -> str:
    folders = "".join(
        f'<t:DistinguishedFolderId Id="calendar"><t:Mailbox><t:EmailAddress>{address}</t:EmailAddress></t:Mailbox>'
        "</t:DistinguishedFolderId>"
        for address in addresses
    )
    return (
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        '<t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="calendar:Start"/></t:AdditionalProperties>'
        '</m:ItemShape><m:CalendarView StartDate="2026-11-23T00:00:00Z" EndDate="2026-11-30T00:00:00Z"/>'
        f"<m:ParentFolderIds>{folders}</m:ParentFolderIds></m:FindItem>"
    )


def post(simulator: Simulator, body: str, **options: Any) -> requests.Response:
    """A request by hand."""
    ready = simulator.ready
    envelope = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header>'
        f'<t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>{body}</s:Body></s:Envelope>'
    )
    options.setdefault("auth", (ready["ews_user"], ready["ews_password"]))
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    return requests.post(
        ready["ews"], data=envelope.encode(), headers=headers, verify=ready["ca"] or True, timeout=30, **options
    )


def test_series_are_unfolded_in_a_view_and_masters_without(exchange: Simulator, anna: Employee) -> None:
    daily = {"subject": "Daily", "recurrence": {"every_days": 1, "count": 10}}
    exchange.enter(anna, "s", {"start": "2026-10-23T09:00:00+02:00", "end": "2026-10-23T09:15:00+02:00"} | daily)
    exchange.remove(anna, "s~2026-10-26")
    window = (EWSDateTime(2026, 10, 22, tzinfo=BERLIN), EWSDateTime(2026, 11, 30, tzinfo=BERLIN))
    calendar = owner(exchange, anna).calendar
    occurrences = list(calendar.view(*window))
    starts = [item.start.astimezone(BERLIN) for item in occurrences]
    assert [(start.day, start.hour) for start in starts] == [(day, 9) for day in (23, 24, 25, 27, 28, 29, 30, 31, 1)]
    assert {item.type for item in occurrences} == {"Occurrence"} and all(item.is_recurring for item in occurrences)
    assert len({item.id for item in occurrences}) == 9
    (master,) = calendar.filter(subject__contains="Dail")
    assert master.type == "RecurringMaster" and master.recurrence.boundary.number == 10
    assert master.uid == occurrences[0].uid


def test_a_change_is_seen_by_its_change_key(exchange: Simulator, anna: Employee) -> None:
    exchange.enter(anna, "a", MORNING | {"subject": "x"})
    before = seen(exchange, anna)["x"]
    exchange.enter(anna, "a", MORNING | {"subject": "x", "kind": "free"})
    after = seen(exchange, anna)["x"]
    assert before.id == after.id and before.changekey != after.changekey


def test_the_window_has_what_touches_it_and_what_ends_at_its_start(exchange: Simulator, anna: Employee) -> None:
    exchange.enter(anna, "a", {"start": "2026-11-22T22:00:00Z", "end": "2026-11-22T23:00:00Z", "subject": "ends"})
    exchange.enter(anna, "b", {"start": "2026-11-22T22:00:00Z", "end": "2026-11-22T22:59:59Z", "subject": "over"})
    exchange.enter(anna, "c", {"start": "2026-11-29T22:59:59Z", "end": "2026-11-30T12:00:00Z", "subject": "last"})
    exchange.enter(anna, "d", {"start": "2026-11-29T23:00:00Z", "end": "2026-11-30T12:00:00Z", "subject": "next"})
    assert set(seen(exchange, anna)) == {"ends", "last"}


def test_a_view_is_cut_where_it_was_asked_to_be_and_not_too_long(exchange: Simulator, anna: Employee) -> None:
    for hour in range(5):
        times = {"start": f"2026-11-24T1{hour}:00:00Z", "end": f"2026-11-24T1{hour}:30:00Z"}
        exchange.enter(anna, f"e{hour}", times | {"subject": f"{hour}"})
    _, calendar = delegate(exchange, anna)
    assert [item.subject for item in calendar.view(*WEEK, max_items=3).only("subject")] == ["0", "1", "2"]
    with pytest.raises(ErrorCalendarViewRangeTooBig):
        list(calendar.view(WEEK[0], EWSDateTime(2029, 1, 1, tzinfo=BERLIN)).only("subject"))


def test_a_filter_on_start_and_end_needs_no_view(exchange: Simulator, anna: Employee) -> None:
    exchange.enter(anna, "a", MORNING | {"subject": "x"})
    exchange.enter(anna, "b", {"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T11:00:00Z", "subject": "later"})
    found = owner(exchange, anna).calendar.filter(start__lt=WEEK[1], end__gt=WEEK[0])
    assert [item.subject for item in found.order_by("start")] == ["x"]


def test_long_subjects_are_cut_in_lists_only(exchange: Simulator, anna: Employee) -> None:
    subject = "ö" * 300
    exchange.enter(anna, "a", MORNING | {"subject": subject})
    (listed,) = delegate(exchange, anna)[1].view(*WEEK).only("subject")
    assert listed.subject == "ö" * 255
    assert set(seen(exchange, anna)) == {subject}, "exchangelib asks for every item by itself"


def test_who_may_read_the_calendar_does_not_read_what_is_private(exchange: Simulator, anna: Employee) -> None:
    exchange.enter(anna, "a", MORNING | {"subject": "Arzt", "sensitivity": "private"})
    exchange.enter(anna, "b", MORNING | {"subject": "Elternabend", "sensitivity": "personal"})
    items = list(delegate(exchange, anna)[1].view(*WEEK))
    assert {(item.subject, item.sensitivity) for item in items} == {
        ("Private Appointment", "Private"), ("Elternabend", "Personal"),
    }
    assert set(seen(exchange, anna)) == {"Arzt", "Elternabend"}, "the owner does"


def test_rights_are_asked_for(exchange: Simulator, anna: Employee) -> None:
    for right, error in (("availability", ErrorAccessDenied), ("none", ErrorFolderNotFound)):
        exchange.control("PATCH", f"mailboxes/{anna.mail}", {"ews": right})
        with pytest.raises(error):
            list(delegate(exchange, anna)[1].view(*WEEK).only("subject"))
    exchange.control("PATCH", f"mailboxes/{anna.mail}", {"impersonable": False})
    with pytest.raises(ErrorImpersonateUserDenied):
        owner(exchange, anna).calendar.refresh()
    exchange.control("PATCH", f"mailboxes/{anna.mail}", {"impersonable": True, "home": "cloud"})
    with pytest.raises(ErrorNonExistentMailbox):
        owner(exchange, anna).calendar.refresh()
    with pytest.raises(ErrorNonExistentMailbox):
        list(delegate(exchange, anna)[1].view(*WEEK).only("subject"))


def free_busy(simulator: Simulator, *addresses: str) -> list[Any]:
    protocol = owner(simulator, simulator.employees[0]).protocol
    people = [(address, "Required", False) for address in addresses]
    day = (EWSDateTime(2026, 11, 24, 9, tzinfo=BERLIN), EWSDateTime(2026, 11, 24, 12, tzinfo=BERLIN))
    return list(protocol.get_free_busy_info(people, *day))


def test_free_and_busy_times_are_told_as_far_as_rights_go(exchange: Simulator, anna: Employee) -> None:
    exchange.enter(anna, "a", MORNING | {"subject": "Jour fixe", "kind": "tentative"})
    exchange.enter(anna, "b", {
        "start": "2026-11-24T11:00:00+01:00", "end": "2026-11-24T11:30:00+01:00",
        "kind": "working_elsewhere", "subject": "Homeoffice",
    })
    exchange.enter(anna, "c", MORNING | {"subject": "weg", "cancelled": True, "response": "accepted"})
    exchange.enter(anna, "d", MORNING | {"subject": "nein", "response": "declined"})
    (view,) = free_busy(exchange, anna.mail)
    assert (view.view_type, view.merged) == ("DetailedMerged", "111000")
    events = [(event.busy_type, event.start, event.details.subject) for event in view.calendar_events]
    assert events == [
        ("Tentative", EWSDateTime(2026, 11, 24, 9, tzinfo=BERLIN), "Jour fixe"),
        ("WorkingElsewhere", EWSDateTime(2026, 11, 24, 11, tzinfo=BERLIN), "Homeoffice"),
    ]
    assert view.working_hours_timezone.bias == -60 and view.working_hours[0].start.hour == 8
    for right, name in (("availability", "FreeBusyMerged"), ("merged", "MergedOnly")):
        exchange.control("PATCH", f"mailboxes/{anna.mail}", {"ews": right})
        (view,) = free_busy(exchange, anna.mail)
        assert (view.view_type, view.merged) == (name, "111000")
        assert all(event.details is None for event in view.calendar_events or [])


def test_one_persons_trouble_is_not_anothers(exchange: Simulator, anna: Employee) -> None:
    other = exchange.employees[4].mail
    exchange.control("PATCH", f"mailboxes/{other}", {"ews": "none"})
    exchange.enter(anna, "a", MORNING | {"subject": "Jour fixe"})
    # exchangelib raises one of these errors and hands out the other in its place.
    with pytest.raises(ErrorNoFreeBusyAccess):
        free_busy(exchange, other, anna.mail)
    nobody, view = free_busy(exchange, "nobody@lindenhof.example", anna.mail)
    assert isinstance(nobody, ErrorMailRecipientNotFound) and view.calendar_events
    text = post(exchange, view_of(other, "nobody@lindenhof.example", anna.mail)).text
    codes = re.findall(r"<m:ResponseCode>(\w+)<", text)
    assert codes == ["ErrorFolderNotFound", "ErrorNonExistentMailbox", "NoError"] and "Jour fixe" in text
    exchange.control("PATCH", f"mailboxes/{other}", {"ews": "reviewer"})


def test_people_are_found_by_their_names(exchange: Simulator, anna: Employee) -> None:
    found = owner(exchange, anna).protocol.resolve_names([anna.mail])
    assert [(mailbox.name, mailbox.email_address) for mailbox in found] == [(anna.name, anna.mail)]


@pytest.mark.parametrize("sign_in", [BASIC, NTLM])
def test_a_wrong_password_is_refused_and_five_lock_the_account(
    exchange: Simulator, anna: Employee, sign_in: str
) -> None:
    before = exchange.control("GET", "ews")["wrong_passwords"]
    with pytest.raises(UnauthorizedError):
        owner(exchange, anna, sign_in, password="falsch").calendar.refresh()
    assert not exchange.control("GET", "ews")["locked"]
    assert exchange.control("GET", "ews")["wrong_passwords"] > before
    wrong = (exchange.ready["ews_user"], "falsch")
    for _ in range(5):
        assert post(exchange, view_of(anna.mail), auth=wrong).status_code == 401
    assert exchange.control("GET", "ews")["locked"]
    with pytest.raises(UnauthorizedError, match="locked out"):
        owner(exchange, anna, sign_in).calendar.refresh()


def test_sign_in_by_ntlm_holds_for_its_connection(exchange: Simulator, anna: Employee) -> None:
    exchange.control("PATCH", "ews", {"authentication": ["ntlm"]})
    assert post(exchange, view_of(anna.mail)).status_code == 401, "Basic is not offered"
    ready = exchange.ready
    with requests.Session() as session:
        session.auth = HttpNtlmAuth(ready["ews_user"], ready["ews_password"])
        refused = exchange.control("GET", "requests").get("ews.unauthorized", {"requests": 0})["requests"]
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"'
            ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>'
            f"{view_of(anna.mail)}</s:Body></s:Envelope>"
        )
        for _ in range(3):
            assert session.post(
                ready["ews"], data=envelope, headers=headers, verify=ready["ca"] or True, timeout=30
            ).status_code == 200
        assert exchange.control("GET", "requests")["ews.unauthorized"]["requests"] - refused == 2


def test_ntlm_goes_under_the_name_of_negotiate_as_well(exchange: Simulator, anna: Employee) -> None:
    exchange.control("PATCH", "ews", {"authentication": ["negotiate"]})
    ready = exchange.ready
    assert post(exchange, view_of(anna.mail), auth=HttpNtlmAuth(ready["ews_user"], ready["ews_password"])).ok
    before = exchange.control("GET", "ews")["unknown_names"]
    stranger = HttpNtlmAuth("SIM\\nobody", ready["ews_password"])
    assert post(exchange, view_of(anna.mail), auth=stranger).status_code == 401
    assert exchange.control("GET", "ews")["unknown_names"] == before + 1


@pytest.mark.parametrize("mode", ["none", "allow", "require"])
def test_channel_bindings_are_looked_at(exchange: Simulator, anna: Employee, mode: str) -> None:
    secure = exchange.ready["ca"] is not None
    exchange.control("PATCH", "ews", {"channel_binding": mode})
    before = exchange.control("GET", "ews")
    ready = exchange.ready
    bound = HttpNtlmAuth(ready["ews_user"], ready["ews_password"], send_cbt=True)
    unbound = HttpNtlmAuth(ready["ews_user"], ready["ews_password"], send_cbt=False)
    # Without TLS there is nothing to bind to.
    assert post(exchange, view_of(anna.mail), auth=bound).status_code == (
        200 if secure or mode != "require" else 401
    )
    assert post(exchange, view_of(anna.mail), auth=unbound).status_code == (401 if mode == "require" else 200)
    after = exchange.control("GET", "ews")
    assert after["bound"] - before["bound"] == (1 if secure and mode != "none" else 0)
    assert after["wrong_passwords"] == before["wrong_passwords"], "a wrong binding is no wrong password"


def test_a_busy_server_says_how_long_it_wants_to_be_left_alone(exchange: Simulator, anna: Employee) -> None:
    account = owner(exchange, anna)
    calendar = account.calendar
    exchange.fault("ews_busy", on=True)
    with pytest.raises(ErrorServerBusy) as busy:
        calendar.refresh()
    assert busy.value.back_off == 2.5
    exchange.fault("ews_busy", on=False)
    calendar.refresh()


def test_requests_are_counted_by_what_they_do_and_say_whose_mailbox_they_are_about(
    exchange: Simulator, anna: Employee
) -> None:
    account, calendar = delegate(exchange, anna)
    assert account.version.build.major_version == 15
    before, anchors = exchange.control("GET", "requests"), exchange.control("GET", "ews")
    list(calendar.view(*WEEK).only("subject"))
    after = exchange.control("GET", "requests")
    kinds = {kind for kind, count in after.items() if count != before.get(kind)}
    assert kinds == {"ews.find_item"}
    assert exchange.control("GET", "ews")["anchored"] == anchors["anchored"] + 1
    post(exchange, view_of(anna.mail))
    assert exchange.control("GET", "ews")["unanchored"] == anchors["unanchored"] + 1


def test_the_version_is_that_of_a_current_server(exchange: Simulator) -> None:
    build = owner(exchange, exchange.employees[0]).version.build
    assert (build.major_version, build.minor_version, build.major_build) == (15, 2, 2562)
    assert configuration(exchange).auth_type == BASIC
