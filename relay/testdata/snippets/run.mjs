import { readFileSync } from "node:fs";
import { verify } from "./snippet.mjs";

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [secret, ...fields] = line.split(" ");
  const [event, stamp, signature, body] = fields.map((f) => Buffer.from(f.slice(1), "base64"));
  const headers = {};
  if (event.length) headers["webhook-id"] = event.toString();
  if (stamp.length) headers["webhook-timestamp"] = stamp.toString();
  if (signature.length) headers["webhook-signature"] = signature.toString();
  console.log(verify(headers, body, secret) ? "true" : "false");
}
