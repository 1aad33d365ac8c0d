/** Stands in for react-devtools-core, which Ink names but the product never loads. */
export const initialize = (): void => {};
export const connectToDevTools = (): void => {};
export default { initialize, connectToDevTools };
