import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    // Forks, not threads: node-pty and process signals want a process of their own.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", "./test/harness/closing-line.ts"],
    env: { AWS_EC2_METADATA_DISABLED: "true", NODE_ENV: "test" },
  },
});
