// Users and their mailbox settings.

import assert from "node:assert/strict";
import test from "node:test";
import { client, control, employee, everything, ready, refusal } from "../simulator.js";

const graph = client();

test("the iterator brings everybody once", async () => {
  const first = await graph.api("/users").top(7).select(["id", "displayName", "mail"]).get();
  assert.equal(first.value.length, 7);
  const { items } = await everything(graph, first);
  const expected = ready.users.map(({ mail, name }) => [mail, name]);
  assert.deepEqual(items.map((user) => [user.mail, user.displayName]), expected);
  assert.equal(new Set(items.map((user) => user.id)).size, 20);
});

test("only what is selected comes", async () => {
  const { value } = await graph.api("/users").top(1).select("mail").get();
  assert.deepEqual(Object.keys(value[0]), ["mail"]);
});

test("somebody is found by mail address, primary or not", async () => {
  const { mail } = ready.users[3];
  const found = async (condition) => (await graph.api("/users").filter(condition).get()).value;
  assert.deepEqual((await found(`mail eq '${mail}'`)).map((user) => user.mail), [mail]);
  assert.deepEqual(await found("mail eq 'nobody@lindenhof.example'"), []);
  const { value } = await graph.api("/users").filter(`mail eq '${mail}'`).select("proxyAddresses").get();
  const second = value[0].proxyAddresses.find((address) => address.startsWith("smtp:"));
  assert.deepEqual((await found(`proxyAddresses/any(a:a eq '${second}')`)).map((user) => user.mail), [mail]);
});

test("a user is the same by id and by user name", async () => {
  const { value } = await graph.api("/users").get();
  for (const listed of value) {
    for (const name of [listed.id, listed.userPrincipalName]) {
      const { "@odata.context": context, ...user } = await graph.api(`/users/${name}`).get();
      assert.match(context, /#users\/\$entity$/);
      assert.deepEqual(user, listed);
    }
  }
});

test("those who can wait are told how many there are", async () => {
  const answer = await graph.api("/users").header("ConsistencyLevel", "eventual").count(true).top(1).get();
  assert.equal(answer["@odata.count"], 20);
});

test("mailbox settings name the zone as the mailbox does", async () => {
  const { mail } = await employee();
  for (const name of ["W. Europe Standard Time", "Europe/Madrid"]) {
    await control("PATCH", `mailboxes/${mail}`, { zone: name, zone_name: name });
    const settings = await graph.api(`/users/${mail}/mailboxSettings`).get();
    assert.equal(settings.timeZone, name);
    assert.equal(settings.workingHours.timeZone.name, name);
    assert.match(settings.language.locale, /^(de-DE|en-GB)$/);
    assert.equal((await graph.api(`/users/${mail}/mailboxSettings/timeZone`).get()).value, name);
  }
});

test("a condition that is no condition is refused", async () => {
  const error = await refusal(graph.api("/users").filter("mail equals 'x'").get());
  assert.equal(error.statusCode, 400);
  assert.ok(error.code && error.message);
});
