/** Files that somebody else wrote, or wrote half of: the owner's values, AWS's configuration and tokens, our own state. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Environment, environmentFrom } from "../../ops/environment.ts";
import { assemble } from "../../ops/fleet/assemble.ts";
import { parseOwnerValues } from "../../ops/fleet/owner-text.ts";
import { createLookStore } from "../../ops/fleet/stored.ts";
import { allHeadlines } from "../../ops/machine/headlines.ts";
import { createHistory } from "../../ops/operation/history.ts";
import { createPlanMemory } from "../../ops/plan/last.ts";
import { cacheFile, readToken, writeToken } from "../../ops/signin/cache.ts";
import { resolveProfile } from "../../ops/signin/config.ts";
import { findSection, readSections, withSection } from "../../ops/signin/config-text.ts";
import { createHostKeys } from "../../ops/ssh/host-keys.ts";
import { statusTable } from "../../ops/status.ts";
import { textValue, withRoots, withValue } from "../../ops/terraform/tfvars-text.ts";
import { aFleet, STORY_METRICS } from "../harness/fleets.ts";
import { OWNER } from "../ops/fleet/fixtures.ts";
import { tfvarsText } from "../simulator/story.ts";
import {
  CASES,
  endsInTime,
  expectClear,
  expectDrawable,
  hostileText,
  mutated,
  mutatedText,
  pumped,
} from "./generators.ts";

/** Files are written and read so many at a time: a property is checked for each of them. */
const BATCH = 50;

let directory: string;
let environment: Environment;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "snowglobe-hostile-"));
  environment = environmentFrom({ HOME: directory, XDG_STATE_HOME: join(directory, "state") });
  mkdirSync(join(environment.stateDir, "history"), { recursive: true });
  mkdirSync(join(directory, ".aws", "sso", "cache"), { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A state directory of its own with this file in it. */
function stateWith(index: number, name: string, text: string): string {
  const stateDir = join(directory, `state-${index}`);
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(join(stateDir, name), text);
  return stateDir;
}

/** JSON files, mutated in their structure and in their letters. */
const jsonFile = (value: unknown) =>
  fc.oneof(
    mutated(value).map((one) => JSON.stringify(one)),
    mutatedText(JSON.stringify(value)),
  );

const batches = (file: fc.Arbitrary<string>) => fc.array(file, { minLength: BATCH, maxLength: BATCH });

describe("terraform.tfvars", () => {
  const TEXT = `${tfvarsText()}\n# a comment\nstart_url = "https://x" /* more */\nnote = <<-END\n  a\n  END\n`;

  it("is read strictly or refused with its line, and edited so that it says the same and more", {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(mutatedText(TEXT), (text) => {
        try {
          for (const root of Object.values(parseOwnerValues(text))) {
            expect(root.volumeId).toMatch(/^vol-[0-9a-f]+$/);
            expect(root.allocationId ?? "eipalloc-0").toMatch(/^eipalloc-[0-9a-f]+$/);
          }
          const before = parseOwnerValues(text);
          expect(parseOwnerValues(withRoots(text, OWNER))).toEqual({ ...OWNER, ...before });
        } catch (error) {
          expectClear(error);
        }
      }),
      { numRuns: CASES },
    );
  });

  it("takes any text for a value, and gives it back", () => {
    fc.assert(
      fc.property(hostileText, (value) => {
        const text = withValue("", "name", value);
        expect(text.trim().split("\n")).toHaveLength(1);
        const plain = !/[\\"\n$%\p{Cc}\p{Cs}]/u.test(value);
        if (plain) expect(textValue(text, "name")).toBe(value);
      }),
      { numRuns: CASES },
    );
  });

  it("ends in time, whatever is in it again and again", () => {
    endsInTime(pumped(["persistent_roots = {", "a = <<E\n", '"\\'], 50_000), (text) => {
      withValue(text, "persistent_roots", "x");
      textValue(text, "a");
      parseOwnerValues(text);
    });
  });
});

const CONFIG = `[default]
region = us-west-1
# a comment
sso_session = snowglobe
sso_account_id = 123456789012
sso_role_name = AdministratorAccess
s3 =
  max_concurrent_requests = 20

[sso-session snowglobe]
sso_start_url = https://d-0123456789.awsapps.com/start
sso_region = us-west-1
sso_registration_scopes = sso:account:access

[profile "other one"]
credential_process = /bin/true
`;

describe("the AWS configuration", () => {
  it("is read strictly or refused with its line; an edit changes its own section and nothing else", {
    timeout: 60_000,
  }, () => {
    const name = fc.oneof(fc.constantFrom("default", "snowglobe", "other one"), hostileText);
    const edits = fc.record({ text: mutatedText(CONFIG), name, value: hostileText });
    fc.assert(
      fc.property(edits, ({ text, name, value }) => {
        try {
          const before = readSections(text, "config");
          const after = readSections(withSection(text, "config", "profile", name, { sso_role_name: value }), "config");
          expect(findSection(after, "profile", name)?.values.get("sso_role_name")).toBe(value);
          const others = (all: typeof before) =>
            all.filter((one) => one !== findSection(all, "profile", name)).map((one) => [one.header, ...one.values]);
          expect(others(after)).toEqual(others(before));
          const own = findSection(before, "profile", name)?.values ?? new Map();
          expect(new Map(findSection(after, "profile", name)?.values)).toEqual(
            new Map([...own, ["sso_role_name", value]]),
          );
        } catch (error) {
          expectClear(error);
        }
      }),
      { numRuns: CASES },
    );
  });

  it("never becomes another one by what an answer says", () => {
    const evil = "Admin\ncredential_process = /bin/evil";
    expect(() => withSection(CONFIG, "config", "profile", "default", { sso_role_name: evil })).toThrow(
      /cannot be written/,
    );
  });

  it("names a profile or tells why not", async () => {
    await fc.assert(
      fc.asyncProperty(batches(mutatedText(CONFIG)), async (texts) => {
        const reads = texts.map((text, index) => {
          const file = join(directory, `config-${index}`);
          writeFileSync(file, text);
          return resolveProfile({ ...environment, env: { AWS_CONFIG_FILE: file } }).catch(expectClear);
        });
        await Promise.all(reads);
      }),
      { numRuns: CASES / BATCH },
    );
  });

  it("ends in time, whatever is in it again and again", () => {
    endsInTime(pumped(["[profile ", "a = b\n", "[profile x", "a "]), (text) => {
      withSection(`[profile ${text}y]\n${text}`, "config", "profile", "x", { region: "us-west-1" });
    });
  });
});

describe("the token cache", () => {
  const profile = {
    ...{ profile: "default", session: "snowglobe", startUrl: "https://x/start", ssoRegion: "us-west-1" },
    ...{ scopes: [], accountId: "123456789012", roleName: "Admin" },
  };
  const TOKEN = {
    ...{
      startUrl: "https://x/start",
      region: "us-west-1",
      accessToken: "a".repeat(40),
      expiresAt: "2026-01-01T00:00:00Z",
    },
    ...{ clientId: "c", clientSecret: "s", registrationExpiresAt: "2026-03-01T00:00:00UTC", refreshToken: "r" },
  };

  it("gives a token or none", async () => {
    // A file that is no JSON is read again for a while, so many are read at once, each of another session.
    await fc.assert(
      fc.asyncProperty(fc.array(jsonFile(TOKEN), { minLength: 500, maxLength: 500 }), async (files) => {
        const tokens = await Promise.all(
          files.map((text, index) => {
            const own = { ...profile, session: `s${index}` };
            writeFileSync(cacheFile(environment, own), text);
            return readToken(environment, own);
          }),
        );
        for (const token of tokens) {
          if (!token) continue;
          expect(typeof token.accessToken).toBe("string");
          expect(Number.isFinite(token.expiresAt)).toBe(true);
        }
      }),
      { numRuns: CASES / 500 },
    );
  });

  it("takes whatever time AWS names", async () => {
    for (const expiresAt of [0, -1, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 8.64e15, Date.now()]) {
      const registration = { clientId: "c", clientSecret: "s", expiresAt };
      await writeToken(environment, profile, { accessToken: "a", expiresAt, refreshToken: undefined, registration });
      expect((await readToken(environment, profile))?.accessToken).toBe("a");
    }
  });
});

describe("our own state", () => {
  const fleet = aFleet();

  it("shows a stored look that is whole, or none", async () => {
    const { at, instances, spotRequests, volumes, addresses } = fleet.observation;
    // One of each: short files make many cases.
    const parts = {
      instances: instances.slice(1, 2),
      spotRequests: spotRequests.slice(0, 1),
      addresses: addresses.slice(1, 2),
    };
    const observation = { at, ...parts, volumes: volumes.filter(({ id }) => id === OWNER["fcvm-metal-arm"]?.volumeId) };
    const LOOK = { version: 1, observation, owner: OWNER };
    await fc.assert(
      fc.asyncProperty(batches(jsonFile(LOOK)), async (files) => {
        const looks = files.map((text, index) => createLookStore(stateWith(index, "observation.json", text)).load());
        for (const look of await Promise.all(looks)) {
          if (!look) continue;
          const seen = assemble(look.observation, look.owner);
          allHeadlines(seen);
          for (const line of statusTable(seen, STORY_METRICS, look.observation.at).split("\n")) expectDrawable(line);
        }
      }),
      { numRuns: CASES / BATCH },
    );
  });

  it("opens a run that can be drawn, or none", async () => {
    const failure = { kind: "offline", sentence: "No.", action: "Wait.", code: "X" };
    const events = [
      { type: "start", at: 1, name: "swap", title: "Swap", machine: "fcvm-metal-arm" },
      { type: "step", at: 2, id: "a", title: "A", state: "running", detail: "d" },
      { type: "log", at: 3, stream: "out", text: "words" },
      { type: "progress", at: 4, done: 1, total: 2, unit: "things" },
      { type: "question", at: 5, id: 1, question: { kind: "confirm", title: "t", lines: ["l"], yes: "y", no: "n" } },
      { type: "answer", at: 6, id: 1, answer: "yes" },
      { type: "result", at: 7, outcome: { status: "failed", failure } },
    ];
    const file = fc
      .tuple(fc.integer({ min: 0, max: events.length - 1 }), fc.infiniteStream(fc.nat()))
      .chain(([which]) =>
        jsonFile(events[which]).map((line) => events.map((one, at) => (at === which ? line : JSON.stringify(one)))),
      )
      .map((lines) => `${lines.join("\n")}\n`);
    const history = createHistory(environment.stateDir);
    await fc.assert(
      fc.asyncProperty(batches(file), async (files) => {
        const ids = files.map((_, index) => `${1000 + index}-1-1`);
        for (const [index, text] of files.entries()) {
          writeFileSync(join(environment.stateDir, "history", `${ids[index]}.jsonl`), text);
        }
        for (const run of await history.listRuns())
          expect([typeof run.title, typeof run.startedAt]).toEqual(["string", "number"]);
        for (const run of await Promise.all(ids.map(history.openRun))) {
          if (!run) continue;
          expect(typeof run.title).toBe("string");
          for (const step of run.steps)
            expect([typeof step.title, typeof (step.detail ?? "")]).toEqual(["string", "string"]);
          for (const line of run.log) expect(typeof line.text).toBe("string");
          expect(run.outcome?.status).toMatch(/^(done|nothing-to-do|blocked|cancelled|failed)$/);
          if (run.outcome?.status === "failed") expect(typeof run.outcome.failure.sentence).toBe("string");
          else expect(typeof run.outcome?.sentence).toBe("string");
        }
      }),
      { numRuns: CASES / BATCH },
    );
  });

  it("knows what the last plan found, or nothing", async () => {
    await fc.assert(
      fc.asyncProperty(batches(jsonFile({ at: 1, pending: 2, drift: 3, resources: 4 })), async (files) => {
        const plans = files.map((text, index) => createPlanMemory(stateWith(index, "last-plan.json", text)).load());
        for (const last of await Promise.all(plans)) {
          if (last)
            for (const value of [last.at, last.pending, last.drift, last.resources])
              expect(Number.isFinite(value)).toBe(true);
        }
      }),
      { numRuns: CASES / BATCH },
    );
  });

  it("knows a host key, or does not, whatever is in the file of known hosts", () => {
    const alias = "fcvm-metal-arm.vol-09e5c3cee32bb67dc.i-0f";
    const LINES = [`${alias} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5s`, "# a remark", "|1|hash=|hash= ssh-rsa AAAA"];
    fc.assert(
      fc.property(batches(mutatedText(LINES)), (files) => {
        for (const text of files) {
          writeFileSync(join(environment.stateDir, "known_hosts"), text);
          expect(typeof createHostKeys(environment).knows(alias)).toBe("boolean");
        }
      }),
      { numRuns: CASES / BATCH },
    );
  });
});
