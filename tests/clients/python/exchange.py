"""exchangelib pointed at the simulator: accounts, and the doors that it would rather not use."""

from __future__ import annotations

from typing import Any

import requests
from exchangelib import (
    BASIC, DELEGATE, IMPERSONATION, Account, Configuration, Credentials, EWSDateTime, EWSTimeZone, FailFast,
)
from exchangelib.folders import Calendar, Root
from exchangelib.properties import DistinguishedFolderId, Mailbox
from exchangelib.protocol import BaseProtocol

from simulator import Employee, Simulator

BERLIN = EWSTimeZone("Europe/Berlin")
UTC = EWSTimeZone("UTC")

#: A week in November 2026, Monday to Monday, where the mailboxes are.
WEEK = (EWSDateTime(2026, 11, 23, tzinfo=BERLIN), EWSDateTime(2026, 11, 30, tzinfo=BERLIN))


def trusting(simulator: Simulator) -> None:
    """exchangelib knows one set of authorities for all accounts of a process."""
    ca = simulator.ready["ca"]

    class Adapter(requests.adapters.HTTPAdapter):
        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            super().cert_verify(conn=conn, url=url, verify=ca or verify, cert=cert)

    BaseProtocol.HTTP_ADAPTER_CLS = Adapter


def configuration(simulator: Simulator, sign_in: str = BASIC, password: str | None = None) -> Configuration:
    """How to reach the simulator's server. Nothing is tried twice."""
    ready = simulator.ready
    credentials = Credentials(ready["ews_user"], password or ready["ews_password"])
    return Configuration(
        service_endpoint=ready["ews"], credentials=credentials, auth_type=sign_in, retry_policy=FailFast()
    )


def owner(simulator: Simulator, employee: Employee, sign_in: str = BASIC, password: str | None = None) -> Account:
    """The service account in the shoes of the mailbox's owner."""
    config = configuration(simulator, sign_in, password)
    return Account(employee.mail, config=config, autodiscover=False, access_type=IMPERSONATION)


def delegate(simulator: Simulator, employee: Employee, sign_in: str = BASIC) -> tuple[Account, Calendar]:
    """The service account as itself, and the calendar, reached without a look at the mailbox's root, on which nobody
    with rights on the calendar alone has any."""
    config = configuration(simulator, sign_in)
    account = Account(employee.mail, config=config, autodiscover=False, access_type=DELEGATE)

    def named(folder: str) -> DistinguishedFolderId:
        return DistinguishedFolderId(id=folder, mailbox=Mailbox(email_address=employee.mail))

    account.root = Root(account=account, _distinguished_id=named("root"))
    return account, Calendar(root=account.root, _distinguished_id=named("calendar"))
