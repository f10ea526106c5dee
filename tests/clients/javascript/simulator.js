// The simulator's control API, and Microsoft's SDK pointed at the simulator.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ClientSecretCredential } from "@azure/identity";
import { Client, PageIterator } from "@microsoft/microsoft-graph-client";
import azure from "@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js";

/** Addresses, secrets and employees. */
export const ready = JSON.parse(readFileSync(process.env.SIMULATOR, "utf8"));

export const SCOPES = ["https://graph.microsoft.com/.default"];
export const IMMUTABLE = 'IdType="ImmutableId"';
export const BERLIN = 'outlook.timezone="W. Europe Standard Time"';

/** A week in November 2026, Monday to Monday, in UTC. */
export const WEEK = { startDateTime: "2026-11-23T00:00:00Z", endDateTime: "2026-11-30T00:00:00Z" };

/** Calls the control API, which must agree, and returns its answer. */
export async function control(method, path, body) {
  const answer = await fetch(`${ready.control}/${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** Somebody whose calendar is emptied, can be read and is in Berlin. */
export async function employee() {
  const somebody = ready.users[19];
  await control("DELETE", `mailboxes/${somebody.mail}/events`);
  const berlin = { access: "granted", zone: "Europe/Berlin", zone_name: "W. Europe Standard Time" };
  await control("PATCH", `mailboxes/${somebody.mail}`, berlin);
  return somebody;
}

/** Enters an event into a calendar, or replaces it. */
export const enter = ({ mail }, id, event) => control("PUT", `mailboxes/${mail}/events/${id}`, event);

/** Removes an event from a calendar. */
export const remove = ({ mail }, id) => control("DELETE", `mailboxes/${mail}/events/${id}`);

/** Switches a fault on, and off again when the test has ended. */
export async function fault(test, name) {
  test.after(() => control("PUT", `faults/${name}`, { on: false }));
  await control("PUT", `faults/${name}`, { on: true });
}

/** How often a fault has struck so far. */
export const struck = async (name) => (await control("GET", "faults"))[name].struck;

/** Microsoft's own sign-in, with the simulator as the authority. */
export function credential(secret = ready.client_secret) {
  const options = { authorityHost: ready.login, disableInstanceDiscovery: true };
  return new ClientSecretCredential(ready.tenant, ready.client_id, secret, options);
}

/** The SDK with its default middleware; only address and authority are the simulator's. */
export function client() {
  const graph = new URL(ready.graph);
  const version = graph.pathname.split("/").at(-1);
  return Client.initWithMiddleware({
    authProvider: new azure.TokenCredentialAuthenticationProvider(credential(), { scopes: SCOPES }),
    baseUrl: ready.graph.slice(0, -version.length),
    defaultVersion: version,
    customHosts: new Set([graph.hostname]),
  });
}

/** All items of a list, over all of its pages, by the SDK's own iterator; and the link to the next round, if any. */
export async function everything(graph, first, ...prefer) {
  const items = [];
  const keep = (item) => items.push(item) > 0;
  const options = prefer.length > 0 ? { headers: { Prefer: prefer.join(", ") } } : undefined;
  const pages = new PageIterator(graph, first, keep, options);
  await pages.iterate();
  assert.ok(pages.isComplete());
  return { items, deltaLink: pages.getDeltaLink() };
}

/** A view of that week, still to be narrowed. */
export const week = (graph, { mail }, ...prefer) =>
  graph.api(`/users/${mail}/calendarView`).query(WEEK).header("Prefer", prefer.join(", "));

/** What is in somebody's calendar in that week, by immutable id. */
export async function view(graph, somebody, ...prefer) {
  const wanted = [IMMUTABLE, ...prefer];
  const first = await week(graph, somebody, ...wanted).get();
  const { items } = await everything(graph, first, ...wanted);
  const byId = Object.fromEntries(items.map((event) => [event.id, event]));
  assert.equal(Object.keys(byId).length, items.length, "an event came twice");
  return byId;
}

/** The error with which a request is refused. */
export async function refusal(request) {
  try {
    await request;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}
