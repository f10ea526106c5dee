"""Users and their mailbox settings."""

from __future__ import annotations

import pytest
from msgraph import GraphServiceClient
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user import User
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

from asking import asked, everything
from simulator import Employee, Simulator

Query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


async def found(graph: GraphServiceClient, condition: str) -> list[User]:
    answer = await graph.users.get(asked(Query(filter=condition)))
    return answer.value


async def test_the_iterator_brings_everybody_once(graph: GraphServiceClient, simulator: Simulator) -> None:
    first = await graph.users.get(asked(Query(top=7, select=["id", "displayName", "mail"])))
    assert len(first.value) == 7
    users = await everything(graph, first)
    assert [(user.mail, user.display_name) for user in users] == [(e.mail, e.name) for e in simulator.employees]
    assert len({user.id for user in users}) == 20


async def test_only_what_is_selected_comes(graph: GraphServiceClient) -> None:
    answer = await graph.users.get(asked(Query(top=1, select=["mail", "proxyAddresses"])))
    user = answer.value[0]
    assert user.mail and user.proxy_addresses[0] == f"SMTP:{user.mail}"
    assert user.display_name is None and user.user_principal_name is None


async def test_somebody_is_found_by_mail_address(graph: GraphServiceClient, simulator: Simulator) -> None:
    wanted = simulator.employees[3]
    assert [user.display_name for user in await found(graph, f"mail eq '{wanted.mail}'")] == [wanted.name]
    assert await found(graph, "mail eq 'nobody@lindenhof.example'") == []


async def test_somebody_is_found_by_a_second_address(graph: GraphServiceClient, simulator: Simulator) -> None:
    query = Query(top=1, select=["mail", "proxyAddresses"])
    user = (await graph.users.get(asked(query))).value[0]
    second = next(address for address in user.proxy_addresses if address.startswith("smtp:"))
    users = await found(graph, f"proxyAddresses/any(a:a eq '{second}')")
    assert [user.mail for user in users] == [simulator.employees[0].mail]


async def test_names_can_be_searched_by_their_beginning(graph: GraphServiceClient, simulator: Simulator) -> None:
    letter = simulator.employees[0].name[0]
    users = await found(graph, f"startswith(displayName,'{letter}') and accountEnabled eq true")
    assert sorted(u.display_name for u in users) == sorted(e.name for e in simulator.employees if e.name[0] == letter)


async def test_a_user_is_the_same_by_id_and_by_user_name(graph: GraphServiceClient, simulator: Simulator) -> None:
    for listed in (await graph.users.get(asked(Query(top=20)))).value:
        by_id = await graph.users.by_user_id(listed.id).get()
        by_name = await graph.users.by_user_id(listed.user_principal_name).get()
        for user in (by_id, by_name):
            assert (user.id, user.mail, user.display_name) == (listed.id, listed.mail, listed.display_name)
            assert (user.given_name, user.surname) == (listed.given_name, listed.surname)
            assert user.business_phones == listed.business_phones


async def test_one_user_with_few_properties(graph: GraphServiceClient, simulator: Simulator) -> None:
    query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(select=["accountEnabled"])
    listed = (await graph.users.get(asked(Query(top=1)))).value[0]
    user = await graph.users.by_user_id(listed.id).get(asked(query))
    assert user.account_enabled is True and user.mail is None


async def test_mailbox_settings_name_the_zone_as_the_mailbox_does(
    graph: GraphServiceClient, simulator: Simulator, employee: Employee
) -> None:
    for name in ("W. Europe Standard Time", "Tokyo Standard Time", "Europe/Madrid"):
        simulator.control("PATCH", f"mailboxes/{employee.mail}", {"zone": name, "zone_name": name})
        settings = await graph.users.by_user_id(employee.mail).mailbox_settings.get()
        assert settings.time_zone == name
        assert settings.working_hours.time_zone.name == name
    assert settings.language.locale in ("de-DE", "en-GB")
    assert [day.value for day in settings.working_hours.days_of_week] == [
        "monday", "tuesday", "wednesday", "thursday", "friday",
    ]
    assert settings.automatic_replies_setting.status.value == "disabled"
    assert settings.user_purpose.value == "user"


async def test_a_condition_that_is_no_condition_is_refused(graph: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as refused:
        await found(graph, "mail equals 'x'")
    assert refused.value.response_status_code == 400
    assert refused.value.error.code and refused.value.error.message
