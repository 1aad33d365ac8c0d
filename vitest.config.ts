import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    // Forks, not threads: node-pty and process signals want a process of their own.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A time-out is a last resort, not a measure: the machine may be loaded by others.
    expect: { poll: { timeout: 120_000 } },
    reporters: ["default", "./test/harness/closing-line.ts"],
    env: { AWS_EC2_METADATA_DISABLED: "true", NODE_ENV: "test" },
  },
});
