import type { CompanionKind } from '../../contract/backup/companion-api.ts'

/** Something that the snapshots of a backup do not hold, or that is worth having as a statement, too. */
export interface CompanionEntry {
  kind: CompanionKind
  /** For people. */
  name: string
  /** Run one after the other, without semicolons at their ends. None: only to be known. */
  statements: string[]
  /** Why the statements cannot be run as they are; they are written as comments. */
  byHand?: string
}

export interface CompanionHead {
  /** Lines for people, at the top. */
  lines: string[]
  notIncluded: { object: string; reason: string }[]
}

const FIRST_LINE = '-- starferry companion 1, boundary '

/**
 * The script as text: plain SQL with comments, for any client. Entries are told apart by comment lines that begin with a word which is in none of
 * them, so that reading it back never has to understand SQL.
 */
export function writeCompanion({ lines, notIncluded }: CompanionHead, entries: readonly CompanionEntry[]): string {
  const boundary = boundaryFor([...lines, ...entries.flatMap(({ name, statements }) => [name, ...statements])])
  const out = [`${FIRST_LINE}${boundary}`, ...lines.map(comment), '--']
  if (notIncluded.length > 0) {
    out.push('-- What the backup does not contain:')
    for (const { object, reason } of notIncluded) out.push(comment(`- ${object}: ${reason}`))
    out.push('--')
  }
  for (const { kind, name, statements, byHand } of entries) {
    out.push(`-- ${boundary} ${JSON.stringify({ kind, name, ...(byHand === undefined ? {} : { byHand }) })}`)
    if (byHand !== undefined) out.push(comment(`By hand: ${byHand}`))
    for (const [at, statement] of statements.entries()) {
      if (at > 0) out.push(`-- ${boundary} +`)
      out.push(byHand === undefined ? ended(statement) : comment(`${statement};`))
    }
  }
  return `${out.join('\n')}\n`
}

/** What `writeCompanion` wrote. Errors: one that says that this is no such script. */
export function readCompanion(text: string): CompanionEntry[] {
  const [first = '', ...lines] = text.split('\n')
  if (!first.startsWith(FIRST_LINE)) throw new Error('This is no companion file of starferry')
  const mark = `-- ${first.slice(FIRST_LINE.length)} `
  const entries: CompanionEntry[] = []
  let statement: string[] = []
  const end = () => {
    const entry = entries.at(-1)
    const joined = statement.join('\n').replace(/\n?;\s*$/, '')
    if (entry && entry.byHand === undefined && joined.trim() !== '') entry.statements.push(joined)
    statement = []
  }
  for (const line of lines) {
    if (!line.startsWith(mark)) {
      if (entries.length > 0) statement.push(line)
      continue
    }
    end()
    const rest = line.slice(mark.length)
    if (rest === '+') continue
    const { kind, name, byHand } = JSON.parse(rest) as Omit<CompanionEntry, 'statements'>
    entries.push({ kind, name, statements: [], ...(byHand === undefined ? {} : { byHand }) })
  }
  end()
  return entries
}

/** A semicolon after a comment at the end would be part of it. */
const ended = (statement: string) => (/(?:--|#)[^\n]*$/.test(statement) ? `${statement}\n;` : `${statement};`)

/** Every line of it a comment. */
const comment = (text: string) =>
  text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `-- ${line}`.trimEnd())
    .join('\n')

function boundaryFor(texts: readonly string[]): string {
  for (let n = 1; ; n++) {
    const boundary = `starferry:${n}`
    if (!texts.some((text) => text.includes(boundary))) return boundary
  }
}
