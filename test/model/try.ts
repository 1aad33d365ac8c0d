import { starts } from "./accounts.ts";
import { explore } from "./explore.ts";
import { SOUND } from "./player.ts";

const t = performance.now();
const names = process.argv.slice(2);
const all = starts().filter((s) => names.length === 0 || names.includes(s.name));
const r = explore(all, SOUND, 5);
console.log(r.states, r.edges, r.staleLooks, performance.now() - t);
for (const b of r.broken) console.log(b.slice(0, 3000));
