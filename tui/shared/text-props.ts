/** The part of Ink's Text properties that a style may set. */
export interface TextProps {
  readonly color?: string;
  readonly backgroundColor?: string;
  readonly bold?: boolean;
  readonly inverse?: boolean;
  readonly underline?: boolean;
}
