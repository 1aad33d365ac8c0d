/** This folder: what AWS's query protocols share: forms, XML, errors, signatures. Not here: any one service. */
/** What the query protocols share (this folder): form bodies in, XML out, and signatures. Here: `Filter.1.Value.2=x` as a tree. */

export interface Form {
  readonly value: string | undefined;
  readonly children: ReadonlyMap<string, Form>;
}

interface Growing extends Form {
  value: string | undefined;
  readonly children: Map<string, Growing>;
}

const leaf = (): Growing => ({ value: undefined, children: new Map() });

export function parseForm(body: string): Form {
  const root = leaf();
  for (const [path, value] of new URLSearchParams(body)) {
    let node = root;
    for (const name of path.split(".")) {
      const child = node.children.get(name) ?? leaf();
      node.children.set(name, child);
      node = child;
    }
    node.value = value;
  }
  return root;
}

/** The same tree from JSON or CBOR, so that a service reads its parameters in one way. Dates become ISO texts. */
export function formOf(value: unknown): Form {
  const node = leaf();
  if (value instanceof Date) node.value = value.toISOString();
  else if (typeof value === "object" && value !== null) {
    // Lists count from one, as the query protocols have it.
    const members = Array.isArray(value) ? value.map((item, index) => [index + 1, item]) : Object.entries(value);
    for (const [name, member] of members) node.children.set(String(name), grown(member));
  } else if (value !== undefined && value !== null) node.value = String(value);
  return node;
}

const grown = (value: unknown) => formOf(value) as Growing;

/** The value at `A.B.C`, undefined where there is none. */
export function textAt(form: Form, path: string): string | undefined {
  return at(form, path)?.value;
}

export function flagAt(form: Form, path: string): boolean | undefined {
  const text = textAt(form, path);
  return text === undefined ? undefined : text === "true";
}

export function numberAt(form: Form, path: string): number | undefined {
  const text = textAt(form, path);
  return text === undefined ? undefined : Number(text);
}

/** The members of the list at `path`, in the order of their numbers; `member` between, as older query services have it, is skipped. */
export function listAt(form: Form, path: string): readonly Form[] {
  const list = at(form, path);
  if (!list) return [];
  return [...(list.children.get("member") ?? list).children]
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, child]) => child);
}

export function textsAt(form: Form, path: string): readonly string[] {
  return listAt(form, path).flatMap((item) => (item.value === undefined ? [] : [item.value]));
}

function at(form: Form, path: string): Form | undefined {
  let node: Form | undefined = form;
  for (const name of path.split(".")) node = node?.children.get(name);
  return node;
}
