/// <reference path="../../node_modules/node-pty/node-pty.d.ts" />

// The alias carries its types under the name it is published as.
declare module "node-pty" {
  export * from "@lydell/node-pty";
}
