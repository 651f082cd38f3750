import { canonicalQuery } from './canonical-query.ts'
import { quoteQualified } from './quote.ts'
import { renameReferences } from './references.ts'
import type { IndexDefinition } from './rollups.ts'
import { isBlank, nameOf, sqlTokens } from './sql-tokens.ts'
import { sameButForBlanks } from './sync-view-text.ts'
import { keepNames, type ObjectName, type Rename } from './target.ts'

interface SyncView {
  readonly name: string
  /** Between name and AS: comment and properties. */
  readonly head: string
  readonly query: string
}

/** The parts of CREATE MATERIALIZED VIEW as it was typed. Undefined for any other text. */
function readSyncView(text: string): SyncView | undefined {
  const tokens = sqlTokens(text)
  const solid = tokens.flatMap((token, at) => (isBlank(token) ? [] : [at]))
  const word = (at: number) => tokens[solid[at] ?? -1]?.text.toUpperCase()
  if (word(0) !== 'CREATE' || word(1) !== 'MATERIALIZED' || word(2) !== 'VIEW') return undefined
  let at = word(3) === 'IF' && word(4) === 'NOT' && word(5) === 'EXISTS' ? 6 : 3
  while (word(at + 1) === '.') at += 2
  const name = nameOf(tokens[solid[at] ?? -1])
  const as = solid.findIndex((_, next) => next > at && word(next) === 'AS')
  if (name === undefined || as < 0) return undefined
  const between = (from: number, to?: number) =>
    tokens
      .slice(from, to)
      .map((token) => token.text)
      .join('')
      .trim()
  const head = between((solid[at] ?? 0) + 1, solid[as])
  return { name, head, query: between((solid[as] ?? 0) + 1).replace(/;\s*$/, '') }
}

/**
 * Writes a synchronous materialized view again from the text that SHOW MATERIALIZED VIEWS keeps, with the target's names. Undefined when
 * the text is not what its creator typed.
 */
export function writeSyncView(
  text: string,
  options: { readonly source: ObjectName; readonly rename?: Rename },
): string | undefined {
  const view = readSyncView(text)
  if (!view) return undefined
  const { rename = keepNames, source } = options
  // The view lives in the table's database; its own name is the index's, which replication matches by name.
  const name = quoteQualified(rename(source).database, view.name)
  const query = renameReferences(view.query, source.database, rename)
  return `CREATE MATERIALIZED VIEW ${name} ${view.head === '' ? '' : `${view.head} `}AS ${query}`
}

export interface OtherDefinition {
  readonly name: string
  readonly why: string
}

/**
 * Indexes that have the same columns on both sides and yet another origin: another expression or condition, or a rollup where the other side
 * has a synchronous view. What one side does not show in full is the same where both sides show the same remains of it. Where a side shows nothing
 * at all nothing can be told.
 */
export function compareDefinitions(
  source: readonly IndexDefinition[],
  target: readonly IndexDefinition[],
  options: { readonly source: ObjectName; readonly rename: Rename },
): OtherDefinition[] {
  const found: OtherDefinition[] = []
  const onTarget = new Map(target.map((definition) => [nameOfIndex(definition), definition]))
  for (const definition of source) {
    const name = nameOfIndex(definition)
    const twin = onTarget.get(name)
    if (!twin) continue
    if (definition.kind === 'unknown') {
      if (definition.shown !== undefined && !sameRemains(definition.shown, twin, options)) {
        found.push({ name, why: `index ${name} may have another definition on the target` })
      }
    } else if (twin.kind === 'unknown') {
      if (twin.shown === undefined || (definition.kind === 'sync-view' && sameRemains(definition.text, twin, options)))
        continue
      found.push({ name, why: `index ${name} has another definition on the target` })
    } else if (definition.kind !== twin.kind) {
      const [here, there] =
        definition.kind === 'rollup' ? ['rollup', 'synchronous view'] : ['synchronous view', 'rollup']
      found.push({ name, why: `index ${name} is a ${here}, and a ${there} on the target` })
    } else if (definition.kind === 'sync-view' && twin.kind === 'sync-view' && !sameQuery(definition, twin, options)) {
      found.push({ name, why: `synchronous view ${name} has another query on the target` })
    }
  }
  return found
}

export const nameOfIndex = (definition: IndexDefinition): string =>
  definition.kind === 'rollup' ? definition.rollup.name : definition.name

/** Of a text that nobody can read: the same words, databases aside, which are named otherwise on the target. */
function sameRemains(shown: string, twin: IndexDefinition, { source, rename }: { source: ObjectName; rename: Rename }) {
  const there = twin.kind === 'sync-view' ? twin.text : twin.kind === 'unknown' ? twin.shown : undefined
  const without = (text: string, database: string) =>
    text.replaceAll(`\`${database}\`.`, '').replaceAll(`${database}.`, '')
  return (
    there !== undefined && sameButForBlanks(without(shown, source.database), without(there, rename(source).database))
  )
}

function sameQuery(
  source: { readonly text: string },
  target: { readonly text: string },
  options: { readonly source: ObjectName; readonly rename: Rename },
): boolean {
  const [wanted, is] = [readSyncView(source.text), readSyncView(target.text)]
  if (!wanted || !is) return true
  const { database } = options.rename(options.source)
  const query = renameReferences(wanted.query, options.source.database, options.rename)
  // What starferry made differs in blanks at most, whatever the frontend did to them: nothing is made anew for ever.
  return canonicalQuery(query, database) === canonicalQuery(is.query, database) || sameButForBlanks(query, is.query)
}
