export declare function buildAutoStop(outdir?: string): Promise<void>;
