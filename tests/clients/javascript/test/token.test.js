// Signing in at the pretended Entra, by @azure/identity and MSAL.

import assert from "node:assert/strict";
import test from "node:test";
import { SCOPES, credential, ready, refusal } from "../simulator.js";

test("a token is for Graph and carries the three permissions", async () => {
  const { token } = await credential().getToken(SCOPES);
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  assert.equal(claims.aud, "https://graph.microsoft.com");
  assert.equal(claims.tid, ready.tenant);
  assert.deepEqual(claims.roles.sort(), ["Calendars.Read", "MailboxSettings.Read", "User.Read.All"]);
});

test("a wrong secret is refused with Entra's code", async () => {
  const error = await refusal(credential("not the secret").getToken(SCOPES));
  assert.match(error.message, /AADSTS7000215/);
});
