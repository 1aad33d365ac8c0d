/** Stands for the package `debug` in the bundle: what it would print has the proxy's password in it, and goes to the screen. */

export default () => () => {};
