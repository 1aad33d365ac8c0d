export declare function buildAutoStop(): Promise<void>;
