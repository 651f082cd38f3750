import type { AlignOutcome } from '../contract/metadata.ts'

/** Begins what tells how something was that is no more. */
export const FORMERLY = '-- it was: '

const MOST_STATEMENTS = 5
/** Of what was, which may be nowhere else. */
const LONGEST_FORMER = 4_000
const LONGEST_STATEMENT = 500
const LONGEST_REASON = 300

/** Text cut to at most `length` characters, with a sign that something was left out. Never cuts a surrogate pair in two. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}

/** An outcome whose lists and texts are bounded, so that thousands of them fit through a workflow. `undo` is never cut: the operator runs it as it is. */
export function outcomeOf(
  table: string,
  outcome: AlignOutcome['outcome'],
  rest: { reason?: string; statements?: readonly string[]; question?: string; undo?: readonly string[] } = {},
): AlignOutcome {
  const statements = rest.statements ?? []
  const shown = statements.slice(0, statements.length > MOST_STATEMENTS ? MOST_STATEMENTS - 1 : MOST_STATEMENTS)
  return {
    table,
    outcome,
    ...(rest.reason === undefined ? {} : { reason: shorten(rest.reason, LONGEST_REASON) }),
    statements: [
      ...shown.map((text) => shorten(text, text.startsWith(FORMERLY) ? LONGEST_FORMER : LONGEST_STATEMENT)),
      ...(statements.length > shown.length ? [`-- and ${statements.length - shown.length} more`] : []),
    ],
    ...(rest.question === undefined ? {} : { question: rest.question }),
    undo: [...(rest.undo ?? [])],
  }
}
