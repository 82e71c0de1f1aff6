// Reads a list of requests from standard input, as the test beside it writes
// them, and prints for each by which error its library refuses it; "" for one
// that verifies. Bodies are base64.
import { verify } from "@octokit/webhooks-methods";
import "@shopify/shopify-api/adapters/node";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import { readFileSync } from "node:fs";

const refuse = (why) => {
  throw new Error(why);
};

// shopify's library is made for an app with one secret.
const shopify = (secret) =>
  shopifyApi({
    apiKey: "key",
    apiSecretKey: secret,
    apiVersion: Object.values(ApiVersion).at(-1),
    hostName: "app.example.com",
    isEmbeddedApp: false,
    scopes: [],
    logger: { log: () => {} },
  });

// libraries verify one request each, or throw.
const libraries = {
  standardwebhooks: ({ secret, headers, body }) =>
    new StandardWebhook(secret).verify(body.toString(), headers),
  svix: ({ secret, headers, body }) =>
    new SvixWebhook(secret).verify(body.toString(), headers),
  stripe: ({ secret, headers, body }) =>
    new Stripe("sk_test").webhooks.constructEvent(body, headers["stripe-signature"], secret),
  "@octokit/webhooks-methods": async ({ secret, headers, body }) =>
    (await verify(secret, body.toString(), headers["x-hub-signature-256"])) ||
    refuse("the signature is not valid"),
  "@shopify/shopify-api": async ({ secret, headers, body }) => {
    const answer = await shopify(secret).webhooks.validate({
      rawBody: body.toString(),
      // These two are configured, not signed.
      rawRequest: { method: "POST", url: "/", headers: { ...headers, "x-shopify-shop-domain": "shop.myshopify.com", "x-shopify-api-version": "2025-10" } },
      rawResponse: {},
    });
    return answer.valid || refuse(answer.reason);
  },
};

const answers = [];
for (const request of JSON.parse(readFileSync(0))) {
  try {
    await libraries[request.library]({ ...request, body: Buffer.from(request.body, "base64") });
    answers.push("");
  } catch (error) {
    answers.push(String(error.message || error));
  }
}
console.log(JSON.stringify(answers));
