#!/usr/bin/env node
// Judges recorded webhooks by code that is not ours: npm standardwebhooks for
// the signature, npm cloudevents for the body.
//
//   verify-webhook.mjs --secret whsec_... [--secret ...] [--prove] [FILE]
//
// FILE or standard input: a record of sink.py, or an array of them (an object
// with "headers", lower case, and "body" or "body_base64"). A record is
// accepted if its signature verifies with every secret given, now, and, if it
// says that it is a CloudEvent or a batch of them, if all are valid ones. Prints
// a line of JSON a record, {"ok": true, "id": ..., "type": ..., ...}, with
// "events" for a batch, or {"ok": false, "why": ...}; exits 0 if all were
// accepted, else 1.
//
// --prove: of each accepted record also tries what must be refused (changed
// body, changed id, old and future timestamp with a correct signature, wrong
// key, no signature); anything accepted there makes "ok" false.

import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { Webhook } from "standardwebhooks";
import { HTTP } from "cloudevents";

// The library refuses what is more than 5 minutes away.
const FAR_SECONDS = 600;

function bodyOf(record) {
  return record.body_base64 !== undefined
    ? Buffer.from(record.body_base64, "base64").toString("utf8")
    : record.body;
}

function verify(secret, body, headers) {
  // the library parses the body as JSON behind the signature check; text
  // bodies (ntfy) are not JSON, and that alone is no fault
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    if (!(error instanceof SyntaxError))
      throw error;
  }
}

function cloudEventsOf(headers, body) {
  const type = headers["content-type"] ?? "";
  const isBatch = type.startsWith("application/cloudevents-batch+json");
  if (!isBatch && !type.startsWith("application/cloudevents+json"))
    return undefined;
  const events = HTTP.toEvent({ headers, body });
  if (Array.isArray(events) !== isBatch)
    throw new Error("not as many events as the type says");
  [events].flat().forEach((event) => event.validate());
  return events;
}

function refused(what, secret, body, headers) {
  try {
    verify(secret, body, headers);
  } catch {
    return true;
  }
  throw new Error(`accepted in spite of ${what}`);
}

function signedAt(secret, body, headers, seconds) {
  const date = new Date(Date.now() + seconds * 1000);
  return {
    ...headers,
    "webhook-timestamp": String(Math.floor(date.getTime() / 1000)),
    "webhook-signature":
      new Webhook(secret).sign(headers["webhook-id"], date, body),
  };
}

function prove(secret, body, headers) {
  const wrong = "whsec_" + randomBytes(32).toString("base64");
  // the record's own time says nothing of the library: this must pass
  verify(secret, body, signedAt(secret, body, headers, 0));
  refused("a changed body", secret, body + " ", headers);
  refused("a changed id", secret, body,
    { ...headers, "webhook-id": headers["webhook-id"] + "0" });
  refused("an old timestamp", secret, body,
    signedAt(secret, body, headers, -FAR_SECONDS));
  refused("a timestamp to come", secret, body,
    signedAt(secret, body, headers, FAR_SECONDS));
  refused("a wrong key", wrong, body, headers);
  refused("no signature", secret, body,
    { ...headers, "webhook-signature": "" });
}

function judge(record, secrets, proving) {
  const body = bodyOf(record);
  const headers = record.headers;
  try {
    for (const secret of secrets)
      verify(secret, body, headers);
    const events = cloudEventsOf(headers, body);
    const event = Array.isArray(events) ? undefined : events;
    if (proving)
      secrets.forEach((secret) => prove(secret, body, headers));
    return {
      ok: true, id: headers["webhook-id"], cloudevent: events !== undefined,
      events: Array.isArray(events) ? events : undefined,
      type: event?.type, source: event?.source, subject: event?.subject,
      time: event?.time, data: event?.data,
    };
  } catch (error) {
    return { ok: false, why: error.message };
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    secret: { type: "string", multiple: true },
    prove: { type: "boolean", default: false },
  },
});
if (values.secret === undefined || positionals.length > 1) {
  console.error("usage: verify-webhook.mjs --secret whsec_... [--prove] [FILE]");
  process.exit(2);
}
const input = JSON.parse(readFileSync(positionals[0] ?? 0, "utf8"));
const verdicts = [input].flat().map(
  (record) => judge(record, values.secret, values.prove));
for (const verdict of verdicts)
  console.log(JSON.stringify(verdict));
process.exit(verdicts.length > 0 && verdicts.every((v) => v.ok) ? 0 : 1);
