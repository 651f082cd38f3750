import {
  compareIndexes,
  type IndexDefinition,
  type ObjectName,
  writeAddRollups,
  writeSyncView,
} from '../../starrocks/ddl/index.ts'
import { quoteName, quoteQualified } from '../../starrocks/index.ts'
import type { Pair } from './pair.ts'
import type { TableFacts } from './read-table.ts'
import type { Step } from './steps.ts'

const settled: Step = { kind: 'settle', what: 'ROLLUP' }

/** The steps that make the synchronous materialized views of a new table; plain rollups come with CREATE TABLE. */
export function planIndexes(source: TableFacts, name: ObjectName, pair: Pair): { syncViews: Step[]; refuse?: string } {
  const syncViews: Step[] = []
  for (const definition of source.definitions) {
    if (definition.kind === 'rollup') continue
    const steps = stepsFor(definition, name, source, pair)
    if (typeof steps === 'string') return { syncViews: [], refuse: steps }
    syncViews.push(...steps)
  }
  return { syncViews }
}

/** Rollups and synchronous views of an existing copy that are missing, other, or there only. They hold no rows of their own. */
export function planIndexChanges(
  source: TableFacts,
  target: TableFacts,
  pair: Pair,
): { steps: Step[]; why: string[]; refuse?: string } {
  const name = pair.rename(source.entry)
  const differences = (only?: string) => {
    const of = (facts: TableFacts) => facts.indexes.filter((index) => only === undefined || index.name === only)
    return compareIndexes(
      { table: source.entry.name, indexes: of(source) },
      { table: target.entry.name, indexes: of(target) },
    )
  }
  const why = differences()
  if (why.length === 0) return { steps: [], why }
  const steps: Step[] = []
  const onTarget = new Set(target.definitions.map(indexName))
  const wanted = new Set(source.definitions.map(indexName))
  for (const definition of target.definitions) {
    const index = indexName(definition)
    if (wanted.has(index) && differences(index).length === 0) continue
    steps.push({ kind: 'sql', statement: dropIndex(definition, name) }, settled)
    onTarget.delete(index)
  }
  for (const definition of source.definitions) {
    if (onTarget.has(indexName(definition))) continue
    const added = stepsFor(definition, name, source, pair)
    if (typeof added === 'string') return { steps: [], why, refuse: added }
    steps.push(...added)
  }
  return { steps, why }
}

const indexName = (definition: IndexDefinition) =>
  definition.kind === 'rollup' ? definition.rollup.name : definition.name

function dropIndex(definition: IndexDefinition, name: ObjectName): string {
  return definition.kind === 'sync-view'
    ? `DROP MATERIALIZED VIEW ${quoteQualified(name.database, definition.name)}`
    : `ALTER TABLE ${quoteQualified(name.database, name.name)} DROP ROLLUP ${quoteName(indexName(definition))}`
}

function stepsFor(definition: IndexDefinition, name: ObjectName, source: TableFacts, pair: Pair): Step[] | string {
  if (definition.kind === 'rollup') {
    return [{ kind: 'sql', statement: writeAddRollups(name, [definition.rollup]) }, settled]
  }
  const text =
    definition.kind === 'sync-view'
      ? writeSyncView(definition.text, { source: source.entry, rename: pair.rename })
      : undefined
  if (text === undefined) {
    return `its synchronous materialized view ${definition.name} cannot be made again: the cluster does not tell its query`
  }
  return [{ kind: 'sql', statement: text }, settled]
}
