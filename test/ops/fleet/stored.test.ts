import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { share } from "../../../ops/fleet/share.ts";
import { createLookStore, type LookStore, type StoredLook } from "../../../ops/fleet/stored.ts";
import { OWNER, story } from "./fixtures.ts";

async function saved(store: LookStore, look: StoredLook): Promise<void> {
  store.save(look);
  await store.flush();
}

describe("the stored look", () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "look-")), "state");
    file = join(dir, "observation.json");
  });
  afterEach(() => rm(join(dir, ".."), { recursive: true, force: true }));

  it("comes back as it was, from a file that only its owner reads", async () => {
    await saved(createLookStore(dir), { observation: story(), owner: OWNER });
    expect(await createLookStore(dir).load()).toEqual({ observation: story(), owner: OWNER });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  it("is nothing where the file is missing, cut in half, of another version or nonsense", async () => {
    const store = createLookStore(dir);
    expect(await store.load()).toBeUndefined();
    await saved(store, { observation: story(), owner: OWNER });
    const whole = await readFile(file, "utf8");
    for (const text of [
      whole.slice(0, whole.length / 2),
      "",
      whole.replace('"version":1', '"version":0'),
      "null",
      '{"version":1,"owner":{},"observation":{"at":1,"instances":[null],"spotRequests":[],"volumes":[],"addresses":[]}}',
    ]) {
      await writeFile(file, text);
      expect(await store.load()).toBeUndefined();
    }
  });

  it("is not written again for the time alone, until a minute has passed", async () => {
    const store = createLookStore(dir);
    const look = { observation: story(), owner: OWNER };
    const atOf = async () => JSON.parse(await readFile(file, "utf8")).observation.at - look.observation.at;
    await saved(store, look);
    await saved(store, { ...look, observation: { ...look.observation, at: look.observation.at + 5_000 } });
    expect(await atOf()).toBe(0);
    await saved(store, { ...look, observation: { ...look.observation, at: look.observation.at + 60_000 } });
    expect(await atOf()).toBe(60_000);
    await saved(store, {
      ...look,
      observation: { ...look.observation, at: look.observation.at + 61_000, volumes: [] },
    });
    expect(await atOf()).toBe(61_000);
  });

  it("is no trouble where it cannot be written", async () => {
    await writeFile(join(dir, "..", "state"), "a file where the directory should be");
    const store = createLookStore(dir);
    await saved(store, { observation: story(), owner: OWNER });
    expect(await store.load()).toBeUndefined();
  });
});

describe("structural sharing", () => {
  it("gives an equal value, and the old one where nothing changed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
        expect(share(before, after)).toEqual(after);
        const copy = structuredClone(before);
        expect(Object.is(share(before, copy), before)).toBe(true);
      }),
    );
  });
});
