/** Signing in by device code, with first-time set-up where nothing is set up, as an operation. */

import type { AwsTime } from "../aws/aws-time.ts";
import type { Clock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { type Failure, FailureError } from "../failure.ts";
import type { Operation, OperationContext, Outcome } from "../operation/types.ts";
import { readToken, writeToken } from "./cache.ts";
import { environmentKeys } from "./chain.ts";
import type { SignInClients } from "./clients.ts";
import { profileVariable, resolveProfile, type SsoProfile, writeSetup } from "./config.ts";
import { awaitApproval } from "./device-flow.ts";
import { codeOf, isRefusedIdentity } from "./failures.ts";
import { type Grant, registerClient, startAuthorization } from "./oidc.ts";
import { type AccountRole, listAccountRoles } from "./portal.ts";
import { type Begun, beginAnywhere, checkStartUrl, tidyStartUrl } from "./start-url.ts";
import type { SignInState } from "./types.ts";

interface LoginParts {
  readonly environment: Environment;
  readonly clock: Clock;
  readonly time: AwsTime;
  readonly clients: SignInClients;
  /** Asks AWS who we are; the failure where it did not say. */
  readonly look: () => Promise<Failure | undefined>;
  /** Forgets the credentials of before and asks again. */
  readonly lookAnew: () => Promise<Failure | undefined>;
  readonly state: () => SignInState;
}

const DEMO_NOTE = "In the demo the code approves itself after a few seconds; the page works too.";

export function loginOperation(parts: LoginParts): Operation {
  return {
    name: "login",
    title: "Sign in",
    harmlessToDrop: true,
    run: async (context) => {
      const { environment } = parts;
      const failure = await step(context, "session", "See whether a session is still good", parts.look);
      if (!failure) return { status: "nothing-to-do", sentence: `Already ${whoWeAre(parts.state())}` };
      if (failure.kind !== "signed-out" && failure.kind !== "refused") throw new FailureError(failure);
      if (environmentKeys(environment)) {
        return {
          status: "blocked",
          sentence:
            "AWS refuses the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and those go before any sign-in.",
          next: "Unset both variables, then sign in again.",
        };
      }
      const resolution = await resolveProfile(environment);
      if (resolution.kind === "other" && !resolution.source) {
        const variable = profileVariable(environment)?.variable;
        return {
          status: "blocked",
          sentence: `${variable} names the profile ${resolution.profile}, which does not sign in by device code.`,
          next: `Unset ${variable}, then sign in again.`,
        };
      }
      const known =
        resolution.kind === "sso"
          ? resolution.profile
          : resolution.kind === "other"
            ? resolution.source
            : resolution.found;
      let finished: Outcome | undefined;
      if (known) await signInAgain(parts, context, known);
      else if (resolution.kind === "none") {
        finished = await signInFirst(parts, context, resolution.target, resolution.session?.startUrl);
      }
      if (finished) return finished;
      const after = await step(context, "identity", "Ask AWS who we are", parts.lookAnew);
      if (after) throw new FailureError(after);
      const ours = await profileToName(environment);
      return {
        status: "done",
        sentence: `Now ${whoWeAre(parts.state())}`,
        ...(ours ? { next: `For the AWS CLI: export AWS_PROFILE=${quoted(ours)}` } : {}),
      };
    },
  };
}

/** The profile that another tool is to be told of; undefined where it takes the right one by itself. */
async function profileToName(environment: Environment): Promise<string | undefined> {
  const resolution = await resolveProfile(environment);
  const ours =
    resolution.kind === "sso" ? resolution.profile : resolution.kind === "none" ? resolution.found : undefined;
  return ours && ours.profile !== "default" && !profileVariable(environment) ? ours.profile : undefined;
}

/** As a shell takes it. */
function quoted(name: string): string {
  return /^[\w.@-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** Everything is known from before: one code to approve, and no question. */
async function signInAgain(parts: LoginParts, context: OperationContext, profile: SsoProfile): Promise<undefined> {
  const { environment, clients, time } = parts;
  const { signal } = context;
  const begun = await step(context, "code", "Ask AWS for a code", async (): Promise<Begun> => {
    const oidc = await clients.oidc(profile.ssoRegion);
    const known = (await readToken(environment, profile))?.registration;
    const begin = async (registration: Begun["registration"]): Promise<Begun> => ({
      ssoRegion: profile.ssoRegion,
      registration,
      authorization: await startAuthorization(oidc, registration, profile.startUrl, time, signal),
    });
    try {
      if (known && known.expiresAt > time.now() + 3_600_000) {
        try {
          return await begin(known);
        } catch (error) {
          // Registered for another grant or region by another tool, or forgotten by AWS: ours is made anew.
          if (!isRefusedIdentity(error)) throw error;
        }
      }
      return await begin(await registerClient(oidc, profile.scopes, signal));
    } catch (error) {
      throw codeOf(error) === "InvalidRequestException" ? unknownStartUrl(profile, error) : error;
    }
  });
  const grant = await approve(parts, context, begun, profile.startUrl);
  await step(context, "save", "Keep the session for the AWS CLI and Terraform too", () =>
    writeToken(environment, profile, { ...grant, registration: begun.registration }),
  );
}

/** Nothing is set up: the start URL is asked for once, and the role where there is a choice. Writes at the end only. */
async function signInFirst(
  parts: LoginParts,
  context: OperationContext,
  target: string,
  knownUrl: string | undefined,
): Promise<Outcome | undefined> {
  const { environment, clients } = parts;
  const start = await findStart(parts, context, knownUrl);
  if (!start) return { status: "cancelled", sentence: "No start URL was given, so nobody is signed in." };
  const grant = await approve(parts, context, start.begun, start.startUrl);
  const roles = await step(context, "roles", "See which accounts and roles are yours", async () =>
    listAccountRoles(await clients.portal(start.begun.ssoRegion), grant.accessToken, context.signal),
  );
  const chosen = await chooseRole(context, roles);
  if (!chosen) return { status: "cancelled", sentence: "No role was chosen, so nobody is signed in." };
  await step(context, "save", "Keep the session for the AWS CLI and Terraform too", async () => {
    const setup = { ...chosen, startUrl: start.startUrl, ssoRegion: start.begun.ssoRegion };
    const profile = await writeSetup(environment, target, setup);
    await writeToken(environment, profile, { ...grant, registration: start.begun.registration });
  });
  return undefined;
}

/** The start URL, verified by the code that AWS gave for it; asked for again while AWS does not know it. */
async function findStart(
  parts: LoginParts,
  context: OperationContext,
  knownUrl: string | undefined,
): Promise<{ readonly startUrl: string; readonly begun: Begun } | undefined> {
  const { clients, time } = parts;
  let wrong = "";
  for (let known = knownUrl; ; known = undefined) {
    const answer =
      known ??
      (await context.ask({
        kind: "text",
        title: "Start URL of your AWS access portal",
        lines: [
          ...(wrong ? [wrong] : []),
          "It is asked for once. AWS mailed it with the invitation to IAM Identity Center.",
        ],
        placeholder: "https://d-0123456789.awsapps.com/start",
        check: checkStartUrl,
      }));
    if (answer === undefined) return undefined;
    const startUrl = tidyStartUrl(answer);
    const begun = await step(context, "code", "Ask AWS for a code", () =>
      beginAnywhere(clients, startUrl, time, context.signal),
    );
    if (begun) return { startUrl, begun };
    wrong = `AWS knows no start URL ${startUrl}.`;
    context.step("code", "Ask AWS for a code", "failed", wrong);
  }
}

async function approve(parts: LoginParts, context: OperationContext, begun: Begun, startUrl: string): Promise<Grant> {
  try {
    return await step(context, "approve", "Wait for your approval in a browser", async () =>
      awaitApproval({
        oidc: await parts.clients.oidc(begun.ssoRegion),
        registration: begun.registration,
        startUrl,
        first: begun.authorization,
        clock: parts.clock,
        time: parts.time,
        show: context.deviceCode,
        note: parts.environment.demo ? DEMO_NOTE : undefined,
        signal: context.signal,
      }),
    );
  } finally {
    context.deviceCode(undefined);
  }
}

/** The only one, or the one that the person chooses; undefined where they choose none. */
async function chooseRole(context: OperationContext, roles: readonly AccountRole[]): Promise<AccountRole | undefined> {
  if (roles.length === 0) {
    throw new FailureError({
      kind: "refused",
      sentence: "No account and role is assigned to you in IAM Identity Center.",
      action: "Assign yourself a permission set in the account, then sign in again.",
    });
  }
  if (roles.length === 1) return roles[0];
  const idOf = (role: AccountRole) => `${role.accountId}/${role.roleName}`;
  const answer = await context.ask({
    kind: "choose",
    title: "Account and role to work with",
    lines: ["It is asked for once."],
    choices: roles.map((role) => ({
      id: idOf(role),
      label: role.roleName,
      detail: `${role.accountName} (${role.accountId})`,
    })),
  });
  return roles.find((role) => idOf(role) === answer);
}

/** Runs `work` as a step that ends as done or failed. */
async function step<T>(context: OperationContext, id: string, title: string, work: () => Promise<T>): Promise<T> {
  context.step(id, title, "running");
  try {
    const result = await work();
    context.step(id, title, "done");
    return result;
  } catch (error) {
    context.step(id, title, context.signal.aborted ? "skipped" : "failed");
    throw error;
  }
}

function whoWeAre(state: SignInState): string {
  if (state.status !== "signed-in") return "signed in.";
  return `signed in as ${state.identity.role} in account ${state.identity.account}.`;
}

function unknownStartUrl(profile: SsoProfile, cause: unknown): FailureError {
  return new FailureError(
    {
      kind: "missing",
      sentence: `AWS knows no start URL ${profile.startUrl} in ${profile.ssoRegion}.`,
      action: `Correct sso_start_url and sso_region of ${profile.session ? `[sso-session ${profile.session}]` : `the profile ${profile.profile}`} in ~/.aws/config.`,
    },
    { cause },
  );
}
