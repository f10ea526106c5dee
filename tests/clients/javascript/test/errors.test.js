// Errors come as the SDK's error objects, with code and message.

import assert from "node:assert/strict";
import test from "node:test";
import { GraphError } from "@microsoft/microsoft-graph-client";
import { client, control, employee, fault, refusal, week } from "../simulator.js";

async function check(request, statusCode, code, message) {
  const error = await refusal(request);
  assert.ok(error instanceof GraphError, String(error));
  assert.deepEqual([error.statusCode, error.code], [statusCode, code]);
  assert.match(error.message, message);
  assert.match(error.requestId, /^[0-9a-f-]{36}$/);
  assert.ok(!Number.isNaN(error.date.getTime()));
}

test("nobody of that name", () =>
  check(client().api("/users/nobody@lindenhof.example").get(), 404, "Request_ResourceNotFound", /nobody@/));

test("no such calendar", () =>
  check(week(client(), { mail: "nobody@lindenhof.example" }).get(), 404, "ErrorInvalidUser", /nobody@/));

test("a user without a mailbox", async () => {
  const somebody = await employee();
  await control("PATCH", `mailboxes/${somebody.mail}`, { access: "missing" });
  await check(week(client(), somebody).get(), 404, "MailboxNotEnabledForRESTAPI", /mailbox/);
});

test("a mailbox that policy keeps from the application", async () => {
  const somebody = await employee();
  await control("PATCH", `mailboxes/${somebody.mail}`, { access: "denied" });
  await check(week(client(), somebody).get(), 403, "ErrorAccessDenied", /Access is denied/);
});

test("a token without the permission", async (t) => {
  await fault(t, "no_users_role");
  await check(client().api("/users").get(), 403, "Authorization_RequestDenied", /Insufficient privileges/);
});

test("a token that has ended", async () => {
  const graph = client();
  await graph.api("/users").get();
  await control("POST", "tokens/expire");
  // @azure/identity does not know and sends it again.
  await check(graph.api("/users").get(), 401, "InvalidAuthenticationToken", /expired/);
});

test("a window without an end", async () => {
  const { mail } = await employee();
  const request = client().api(`/users/${mail}/calendarView`).query({ startDateTime: "2026-11-23T00:00:00Z" });
  await check(request.get(), 400, "ErrorInvalidParameter", /time window/);
});
