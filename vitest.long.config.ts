/** The tests that take minutes: each has a Make target of its own, and `make test` runs none of them. */

import { defineConfig } from "vitest/config";
import ordinary from "./vitest.config.ts";

export default defineConfig({ test: { ...ordinary.test, include: ["test/**/*.long.ts"] } });
