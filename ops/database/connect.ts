/** This folder: the way to a database prompt. Not here: the database itself, which Terraform makes. */
/** `make connect`: endpoint from the outputs, an IAM token for a password, TLS verified, and the client in the container. */

import { hideSecrets, redactLine } from "../aws/redact.ts";
import { REGION } from "../environment.ts";
import { FailureError } from "../failure.ts";
import type { Handover, HandoverOperation } from "../operation/handover.ts";
import type { OperationContext } from "../operation/types.ts";
import { type ContainerRun, lastLine, runContainer } from "../terraform/engine.ts";
import { ready } from "../terraform/init.ts";
import { addressIn, type DatabaseOutput, databaseOf, type Outputs, readOutputs } from "../terraform/outputs.ts";
import { openWorkspace, type TerraformOps, type Workspace } from "../terraform/workspace.ts";
import { openRoute, type Route } from "./route.ts";
import { waitUntilAwake } from "./wake.ts";

/** The database user that signs in by IAM. */
const USER = "snowglobe";
/** Where the image has RDS's certificates (Dockerfile). */
const CERTIFICATES = "/usr/local/share/rds/global-bundle.pem";

export function connectOperation(ops: TerraformOps): HandoverOperation {
  let handover: Handover | undefined;
  return {
    name: "connect",
    title: "Connect to the database",
    harmlessToDrop: true,
    handover: () => handover,
    run: async (context) => {
      const workspace = await openWorkspace(ops, context);
      // A directory that was never prepared says so by failing.
      const outputs = await readOutputs(workspace).catch(async () => readOutputs(await ready(ops, context)));
      const database = databaseOf(outputs);
      if (!database) {
        throw new FailureError({
          kind: "missing",
          code: "NO_DATABASE",
          sentence: "Terraform knows of no database yet.",
          action: "Run make apply.",
        });
      }
      const route = await open(ops, context, database, outputs);
      try {
        await wake(ops, context, route);
        await signIn(ops, context, workspace, database, route);
        const call = await client(ops, workspace, database, route, { interactive: true });
        handover = { ...call, close: route.close };
      } catch (error) {
        route.close();
        throw error;
      }
      return { status: "done", sentence: `Connected to ${database.name} as ${USER}.`, next: "exit or Ctrl+D ends it." };
    },
  };
}

async function open(
  ops: TerraformOps,
  context: OperationContext,
  database: DatabaseOutput,
  outputs: Outputs,
): Promise<Route> {
  context.step("route", "Way to the database", "running");
  try {
    const route = await openRoute(ops, database, addressIn(outputs, "jumpbox"), context.signal);
    context.step("route", "Way to the database", "done", route.via === "direct" ? "direct" : "through the jumpbox");
    return route;
  } catch (error) {
    context.step("route", "Way to the database", "failed");
    throw error;
  }
}

async function wake(ops: TerraformOps, context: OperationContext, route: Route): Promise<void> {
  const title = "Database";
  context.step("wake", title, "running");
  try {
    await waitUntilAwake(route, ops.clock, context.signal, () => {
      context.step("wake", title, "waiting", "it is asleep at 0 ACU; waking takes 15 to 30 s");
    });
    context.step("wake", title, "done", "awake");
  } catch (error) {
    context.step("wake", title, "failed");
    throw error;
  }
}

/** One question to the server with nobody watching: proves TLS and the token, and makes the user where there is none yet. */
async function signIn(
  ops: TerraformOps,
  context: OperationContext,
  workspace: Workspace,
  database: DatabaseOutput,
  route: Route,
): Promise<void> {
  const ask = async () =>
    runContainer(await client(ops, workspace, database, route, { sql: "SELECT 1" }), context.signal);
  context.step("user", "Sign-in by IAM", "running");
  let ended = await ask();
  if (/ERROR 1045|Access denied for user/.test(ended.stderr)) {
    context.step("user", "Sign-in by IAM", "running", `the user ${USER} is made, once`);
    await makeUser(context, workspace, database);
    ended = await ask();
  }
  if (ended.ok) {
    context.step("user", "Sign-in by IAM", "done");
    return;
  }
  context.signal.throwIfAborted();
  context.step("user", "Sign-in by IAM", "failed");
  throw new FailureError(clientFailure(ended.stderr));
}

/** Statements by RDS's Data API, which knows the master's password so that nobody else has to. */
async function makeUser(context: OperationContext, workspace: Workspace, database: DatabaseOutput): Promise<void> {
  for (const sql of [
    `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL`,
    `GRANT ALL PRIVILEGES ON \`${database.name}\`.* TO '${USER}'@'%'`,
  ]) {
    const call = await workspace.attach({
      command: [
        ...["aws", "rds-data", "execute-statement", "--region", REGION],
        ...["--resource-arn", database.clusterArn, "--secret-arn", database.secretArn, "--sql", sql],
      ],
    });
    const { ok, stderr } = await runContainer(call, context.signal);
    if (ok) continue;
    context.signal.throwIfAborted();
    throw new FailureError({
      kind: "refused",
      code: "DATABASE_USER",
      sentence: redactLine(`The database user ${USER} could not be made: ${lastLine(stderr)}`),
      action: "Sign in with a role that may use the Data API and read the cluster's secret.",
    });
  }
}

/** The client's call. The token is a password for 15 minutes and goes by the environment. */
async function client(
  ops: TerraformOps,
  workspace: Workspace,
  database: DatabaseOutput,
  route: Route,
  what: { readonly interactive: true } | { readonly sql: string },
) {
  const { Signer } = await import("@aws-sdk/rds-signer");
  const signer = new Signer({
    hostname: database.endpoint,
    port: database.port,
    username: USER,
    region: REGION,
    credentials: () => ops.access.gate(() => ops.signIn.credentials()),
  });
  const token = await signer.getAuthToken();
  hideSecrets(token);
  return workspace.attach({
    command: [
      "mariadb",
      // The server's own name, whatever the way: it is what its certificate is held to.
      `--host=${database.endpoint}`,
      `--port=${route.port}`,
      `--user=${USER}`,
      `--ssl-ca=${CERTIFICATES}`,
      "--ssl-verify-server-cert",
      "--connect-timeout=60",
      `--database=${database.name}`,
      ...("sql" in what ? [`--execute=${what.sql}`] : []),
    ],
    env: { MYSQL_PWD: token },
    ...("interactive" in what ? { interactive: true } : {}),
    ...throughTunnel(database, route),
  });
}

/** The tunnel's end is on this computer's loopback: the container's too on Linux, the host's elsewhere. */
function throughTunnel({ endpoint }: DatabaseOutput, route: Route): Pick<ContainerRun, "hosts" | "hostNetwork"> {
  if (route.via === "direct") return {};
  if (process.platform === "linux") return { hosts: { [endpoint]: "127.0.0.1" }, hostNetwork: true };
  return { hosts: { [endpoint]: "host-gateway" } };
}

function clientFailure(said: string) {
  const line = redactLine(lastLine(said));
  if (/certificate|SSL|TLS/i.test(said)) {
    return {
      kind: "refused",
      code: "DATABASE_TLS",
      sentence: `The server could not prove that it is the database: ${line}`,
      action: "Do not go on: look whether something sits between here and AWS.",
    } as const;
  }
  if (/ERROR 1045|Access denied/.test(said)) {
    return {
      kind: "refused",
      code: "DATABASE_DENIED",
      sentence: "The database does not take this role's token.",
      action: "Sign in with a role that is allowed rds-db:connect, such as AdministratorAccess.",
    } as const;
  }
  return {
    kind: "server",
    code: "DATABASE",
    sentence: `The database client ended: ${line}`,
    action: "Try again.",
  } as const;
}
