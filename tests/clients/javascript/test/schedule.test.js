// Free and busy times of several people at once.

import assert from "node:assert/strict";
import test from "node:test";
import { BERLIN, client, employee, enter } from "../simulator.js";

test("people are told with their items and a digit for every half hour", async () => {
  const somebody = await employee();
  const day = "2026-11-24T";
  const entered = {
    a: ["09:00", "09:30", { kind: "tentative", subject: "Vielleicht" }],
    b: ["10:00", "11:00", { kind: "busy", subject: "Jour fixe" }],
    c: ["11:00", "11:30", { kind: "out_of_office", subject: "Arzt", sensitivity: "private" }],
  };
  for (const [id, [start, end, more]] of Object.entries(entered)) {
    await enter(somebody, id, { start: `${day}${start}:00+01:00`, end: `${day}${end}:00+01:00`, ...more });
  }
  const timeZone = "W. Europe Standard Time";
  const { value } = await client()
    .api(`/users/${somebody.mail}/calendar/getSchedule`)
    .header("Prefer", BERLIN)
    .post({
      schedules: [somebody.mail, "nobody@lindenhof.example"],
      startTime: { dateTime: `${day}09:00:00`, timeZone },
      endTime: { dateTime: `${day}12:00:00`, timeZone },
      availabilityViewInterval: 30,
    });
  const [known, unknown] = value;
  assert.deepEqual([known.scheduleId, known.availabilityView], [somebody.mail, "102230"]);
  const items = known.scheduleItems.map(({ status, subject }) => [status, subject]);
  assert.deepEqual(items, [["tentative", "Vielleicht"], ["busy", "Jour fixe"], ["oof", undefined]]);
  assert.deepEqual(known.scheduleItems[0].start, { dateTime: `${day}09:00:00.0000000`, timeZone });
  assert.deepEqual(known.scheduleItems[0].end, { dateTime: `${day}09:30:00.0000000`, timeZone });
  assert.equal(known.workingHours.timeZone.name, timeZone);
  assert.equal(unknown.error.responseCode, "5009");
});
