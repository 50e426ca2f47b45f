#!/usr/bin/env node
// Decrypts Web Push messages by code that is not ours: npm http_ece.
//
//   decrypt-webpush.mjs < JOB
//
// JOB: {"private": ..., "public": ..., "auth": ...} of the subscription
// (base64url) and "bodies" (base64). Prints the texts as a JSON array.

import { createECDH } from "node:crypto";
import { readFileSync } from "node:fs";
import ece from "http_ece";

const job = JSON.parse(readFileSync(0, "utf8"));
const keys = createECDH("prime256v1");
keys.setPrivateKey(Buffer.from(job.private, "base64url"));
if (keys.getPublicKey("base64url") !== job.public)
  throw new Error("keys do not fit");
const texts = job.bodies.map((body) =>
  ece.decrypt(Buffer.from(body, "base64"), {
    version: "aes128gcm",
    privateKey: keys,
    authSecret: job.auth,
  }).toString("utf8"));
console.log(JSON.stringify(texts));
