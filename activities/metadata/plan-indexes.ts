import {
  compareDefinitions,
  compareIndexes,
  type IndexDefinition,
  nameOfIndex,
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

export interface IndexChanges {
  steps: Step[]
  why: string[]
  /** What is dropped, as it was. */
  dropped: string[]
  refuse?: string
}

/** Rollups and synchronous views of an existing copy that are missing, other, or there only. They hold no rows of their own. */
export function planIndexChanges(source: TableFacts, target: TableFacts, pair: Pair): IndexChanges {
  const name = pair.rename(source.entry)
  const differences = (only?: string) => {
    const of = (facts: TableFacts) => facts.indexes.filter((index) => only === undefined || index.name === only)
    return compareIndexes(
      { table: source.entry.name, indexes: of(source) },
      { table: target.entry.name, indexes: of(target) },
    )
  }
  const others = compareDefinitions(source.definitions, target.definitions, {
    source: source.entry,
    rename: pair.rename,
  })
  const differs = (index: string) => differences(index).length > 0 || others.some((one) => one.name === index)
  const why = [...differences(), ...others.map((one) => one.why)]
  if (why.length === 0) return { steps: [], why, dropped: [] }
  const steps: Step[] = []
  const dropped: string[] = []
  const onTarget = new Set(target.definitions.map(nameOfIndex))
  const wanted = new Set(source.definitions.map(nameOfIndex))
  for (const definition of target.definitions) {
    const index = nameOfIndex(definition)
    if (wanted.has(index) && !differs(index)) continue
    steps.push({ kind: 'sql', statement: dropIndex(definition, name) }, settled)
    dropped.push(formerly(definition))
    onTarget.delete(index)
  }
  for (const definition of source.definitions) {
    if (onTarget.has(nameOfIndex(definition))) continue
    const added = stepsFor(definition, name, source, pair)
    if (typeof added === 'string') return { steps: [], why, dropped: [], refuse: added }
    steps.push(...added)
  }
  return { steps, why, dropped }
}

/** Of synchronous views, too: DROP MATERIALIZED VIEW names no table, and takes the first index of that name in the database. */
function dropIndex(definition: IndexDefinition, name: ObjectName): string {
  return `ALTER TABLE ${quoteQualified(name.database, name.name)} DROP ROLLUP ${quoteName(nameOfIndex(definition))}`
}

function formerly(definition: IndexDefinition): string {
  const columns = () => (definition.kind === 'rollup' ? `rollup of ${definition.rollup.columns.join(', ')}` : 'unknown')
  return `index ${nameOfIndex(definition)} was: ${definition.kind === 'sync-view' ? definition.text : columns()}`
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
    return `its rollup or synchronous view ${definition.name} cannot be made again: the cluster does not show its whole definition; create the table with it by hand on the target, or drop it on the source`
  }
  return [{ kind: 'sql', statement: text }, settled]
}
