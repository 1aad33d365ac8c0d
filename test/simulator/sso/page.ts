/** What the person sees in a browser: the code, and a plain form to approve or deny it. */

import type { Service, SimReply } from "../service.ts";
import type { Sso } from "./world.ts";

export function approvalPage(sso: Sso): Service {
  return {
    name: "sso-device-page",
    operation: ({ method, url }) =>
      url.pathname !== "/device"
        ? undefined
        : method === "GET"
          ? "ShowDevicePage"
          : method === "POST"
            ? "DecideDevice"
            : undefined,
    handle: (request, operation) => {
      if (operation === "ShowDevicePage") return show(sso, request.url.searchParams.get("user_code")?.trim() ?? "");
      const form = new URLSearchParams(request.body);
      const userCode = form.get("user_code")?.trim() ?? "";
      const decision = form.get("decision") === "approve" ? "approved" : "denied";
      const done = userCode !== "" && sso.decide(decision, userCode) === 1;
      if (!done) return html(400, `<p>No sign-in waits for the code <b>${escaped(userCode)}</b>.</p>${codeForm()}`);
      return html(
        200,
        decision === "approved"
          ? "<h1>Request approved</h1><p>You can close this window and go back to your terminal.</p>"
          : "<h1>Request denied</h1><p>Nothing was given access.</p>",
      );
    },
  };
}

function show(sso: Sso, userCode: string): SimReply {
  if (userCode === "") return html(200, `<h1>Authorize a device</h1>${codeForm()}`);
  const code = sso.pending().find((waiting) => waiting.userCode === userCode.toUpperCase());
  if (!code) return html(404, `<p>No sign-in waits for the code <b>${escaped(userCode)}</b>.</p>${codeForm()}`);
  return html(
    200,
    `<h1>Authorization requested</h1>
<p>Approve only if you started this and this code is the one in your terminal:</p>
<p class="code">${escaped(code.userCode)}</p>
<form method="post" action="/device">
<input type="hidden" name="user_code" value="${escaped(code.userCode)}">
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>`,
  );
}

const codeForm = () =>
  '<form method="get" action="/device"><label>Code <input name="user_code" autofocus></label> <button>Next</button></form>';

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

function html(status: number, body: string): SimReply {
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Simulated sign-in</title>
<style>body{font:18px/1.5 sans-serif;max-width:34em;margin:3em auto;padding:0 1em}.code{font:bold 2.4em monospace}button{font:inherit;padding:.4em 1.2em}</style>
</head><body>${body}<p><small>A simulated account: nothing here reaches AWS.</small></p></body></html>`,
  };
}
