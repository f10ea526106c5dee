"""Errors come as the SDK's error objects, with code and message."""

from __future__ import annotations

import pytest
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from asking import week
from simulator import Employee, Simulator


def check(error: ODataError, status: int, code: str, message: str) -> None:
    assert (error.response_status_code, error.error.code) == (status, code)
    assert message in error.error.message
    inner = error.error.inner_error
    assert inner.request_id and inner.client_request_id
    assert inner.date is not None


async def test_nobody_of_that_name(graph: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id("nobody@lindenhof.example").get()
    check(raised.value, 404, "Request_ResourceNotFound", "nobody@lindenhof.example")


async def test_no_such_calendar(graph: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id("nobody@lindenhof.example").calendar_view.get(week())
    check(raised.value, 404, "ErrorInvalidUser", "nobody@lindenhof.example")


async def test_a_user_without_a_mailbox(graph: GraphServiceClient, simulator: Simulator, employee: Employee) -> None:
    simulator.control("PATCH", f"mailboxes/{employee.mail}", {"access": "missing"})
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id(employee.mail).calendar_view.get(week())
    check(raised.value, 404, "MailboxNotEnabledForRESTAPI", "mailbox")


async def test_no_such_event(graph: GraphServiceClient, employee: Employee) -> None:
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id(employee.mail).events.by_event_id("nothing").get()
    check(raised.value, 404, "ErrorItemNotFound", "not found")


async def test_a_mailbox_that_policy_keeps_from_the_application(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    simulator.control("PATCH", f"mailboxes/{employee.mail}", {"access": "denied"})
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id(employee.mail).calendar_view.get(week())
    check(raised.value, 403, "ErrorAccessDenied", "Access is denied")


async def test_a_token_without_the_permission(graph: GraphServiceClient, simulator: Simulator) -> None:
    simulator.fault("no_users_role", on=True)
    with pytest.raises(ODataError) as raised:
        await graph.users.get()
    check(raised.value, 403, "Authorization_RequestDenied", "Insufficient privileges")


async def test_a_token_that_has_ended(graph: GraphServiceClient, simulator: Simulator) -> None:
    assert (await graph.users.get()).value
    simulator.control("POST", "tokens/expire")
    # azure-identity does not know and sends it again.
    with pytest.raises(ODataError) as raised:
        await graph.users.get()
    check(raised.value, 401, "InvalidAuthenticationToken", "expired")


async def test_a_window_with_an_empty_end(graph: GraphServiceClient, employee: Employee) -> None:
    # What is left out is sent empty: the SDK's address template has it as required.
    configuration = week()
    configuration.query_parameters.end_date_time = None
    with pytest.raises(ODataError) as raised:
        await graph.users.by_user_id(employee.mail).calendar_view.get(configuration)
    check(raised.value, 400, "ErrorInvalidParameter", "endDateTime")
