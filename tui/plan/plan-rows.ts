/** The rows of a plan: complaints with their place and snippet, then the tree. Only rows in sight are made into lines. Pure. */

import { shownText } from "../../ops/plan/attributes.ts";
import type { ChangeKind } from "../../ops/plan/plan.ts";
import { type Folds, reasonWords, type Section, type TreeRow, treeRows } from "../../ops/plan/tree.ts";
import { diagnosticsOf, type PlanView } from "../../ops/plan/view.ts";
import type { Diagnostic } from "../../ops/terraform/messages.ts";
import { type Line, marker, t } from "../format/line.ts";
import { clean } from "../format/text.ts";
import { count } from "../format/words.ts";
import type { Token } from "../shared/theme.ts";

type PlanRow =
  | TreeRow
  | { readonly kind: "diagnostic"; readonly key: string; readonly diagnostic: Diagnostic; readonly open: boolean }
  | { readonly kind: "text"; readonly key: string; readonly text: string; readonly token: Token };

/** What can be folded and unfolded. */
export function isFoldable({ kind }: PlanRow): boolean {
  return kind === "section" || kind === "resource" || kind === "output" || kind === "diagnostic";
}

export function planRows(view: PlanView, folds: Folds, filter: string): readonly PlanRow[] {
  const { planned } = view;
  const complaints = filter ? [] : diagnosticsOf(view).flatMap((one, index) => complaint(one, index, folds));
  return [...complaints, ...(planned ? treeRows(planned.plan, folds, filter) : [])];
}

/** An error is unfolded by itself, a warning is not. */
function complaint(diagnostic: Diagnostic, index: number, folds: Folds): readonly PlanRow[] {
  const key = `diagnostic ${index}`;
  const open = folds.toggled.has(key) !== (diagnostic.severity === "error");
  const head: PlanRow = { kind: "diagnostic", key, diagnostic, open };
  if (!open) return [head];
  const { snippet, detail, line } = diagnostic;
  const code = (snippet?.code ?? "").split("\n").filter(Boolean);
  const body: readonly (readonly [string, Token])[] = [
    ...(snippet?.context ? [[`in ${snippet.context}`, "text.dim"] as const] : []),
    ...code.map((text, at) => [`${(line ?? 1) + at} │ ${text}`, "accent"] as const),
    ...detail
      .split("\n")
      .filter((text) => text.trim())
      .map((text) => [text, "text"] as const),
  ];
  return [head, ...body.map(([text, token], at): PlanRow => ({ kind: "text", key: `${key} ${at}`, text, token }))];
}

/** Every kind has a mark of its own, so that colour is not needed. */
const KIND_LOOK: Readonly<Record<ChangeKind, readonly [mark: string, word: string, token: Token]>> = {
  delete: ["-", "destroy", "status.alarm"],
  replace: ["±", "replace", "status.alarm"],
  forget: ["×", "forget", "status.alarm"],
  unknown: ["?", "unknown to us", "status.alarm"],
  update: ["~", "update", "status.warn"],
  create: ["+", "create", "status.ok"],
  move: ["→", "move", "accent"],
  import: ["←", "import", "accent"],
  read: ["≤", "read", "text.dim"],
};

function sectionWords(section: Section): readonly [mark: string, word: string, token: Token] {
  if (section === "drift") return ["Δ", "changed outside Terraform", "status.warn"];
  return section === "outputs" ? ["=", "outputs", "accent"] : KIND_LOOK[section];
}

/** The row as a line; what is chosen has a mark before it. */
export function planLine(row: PlanRow, chosen: boolean): Line {
  return [marker(chosen), ...body(row, chosen)];
}

function body(row: PlanRow, chosen: boolean): Line {
  const name: Token = chosen ? "selected" : "text";
  switch (row.kind) {
    case "section": {
      const [mark, word, token] = sectionWords(row.section);
      return [fold(row.open), t(`${mark} ${word}`, token), t(`  ${row.count}`, "text.dim")];
    }
    case "resource": {
      const { address, kind, reason, movedFrom, importId } = row.change;
      const [mark, word, token] = KIND_LOOK[kind];
      const aside = [
        row.section === "drift" ? word : "",
        reason ? reasonWords(reason) : "",
        movedFrom ? `was ${movedFrom}` : "",
        importId ? `takes over ${importId}` : "",
      ].filter(Boolean);
      return [
        t("  "),
        fold(row.open),
        t(`${mark} `, token),
        t(clean(address), name),
        t(aside.length ? `  ${clean(aside.join(", "))}` : "", "text.dim"),
      ];
    }
    case "output": {
      const [mark, , token] = KIND_LOOK[row.output.kind];
      return [t("  "), fold(row.open), t(`${mark} `, token), t(clean(row.output.name), name)];
    }
    case "attribute": {
      const { path, before, after, replaces } = row.attribute;
      const sides: Line =
        row.of === "create"
          ? [t(clean(shownText(after)), "status.ok")]
          : row.of === "delete"
            ? [t(clean(shownText(before)), "status.error")]
            : [
                t(clean(shownText(before)), "status.error"),
                t(" → ", "text.dim"),
                t(clean(shownText(after)), "status.ok"),
              ];
      return [
        t("        "),
        t(`${clean(path)}: `, chosen ? "selected" : "text.dim"),
        ...sides,
        t(replaces ? "  ± forces the replacement" : "", "status.alarm"),
      ];
    }
    case "note":
      return [t("        "), t(clean(row.text), "text.dim")];
    case "diagnostic": {
      const { severity, summary, file, line, address } = row.diagnostic;
      const error = severity === "error";
      const where = [file ? `${file}${line ? `:${line}` : ""}` : "", address ?? ""].filter(Boolean).join(" ");
      return [
        fold(row.open),
        t(error ? "✗ Error: " : "! Warning: ", error ? "status.error" : "status.warn"),
        t(clean(summary), name),
        t(where ? `  ${clean(where)}` : "", "text.dim"),
      ];
    }
    case "text":
      return [t("      "), t(clean(row.text), row.token)];
  }
}

function fold(open: boolean): Line[number] {
  return { text: open ? "▾ " : "▸ ", token: "text.dim", spoken: open ? "unfolded: " : "folded: " };
}

/** "1 to destroy, 2 to create": what the plan does in a glance, the gravest first. */
export function countsLine({ planned }: PlanView): Line {
  if (!planned) return [];
  const numbers = Map.groupBy(planned.plan.changes, ({ kind }) => kind);
  const parts = (Object.keys(KIND_LOOK) as ChangeKind[]).flatMap((kind) => {
    const number = numbers.get(kind)?.length ?? 0;
    const [mark, word, token] = KIND_LOOK[kind];
    return number ? [t(`${mark} ${number} to ${word}`, token), t("   ")] : [];
  });
  const drift = planned.plan.drift.length;
  const outside = drift ? [t(`Δ ${count(drift, "change")} outside Terraform`, "status.warn")] : [];
  return parts.length || outside.length ? [...parts, ...outside] : [t("✓ Nothing would change", "status.ok")];
}
