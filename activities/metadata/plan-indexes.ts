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
  const others = compareDefinitions(source.definitions, target.definitions, {
    source: source.entry,
    rename: pair.rename,
  })
  const differs = (index: string) => differences(index).length > 0 || others.some((one) => one.name === index)
  const why = [...differences(), ...others.map((one) => one.why)]
  if (why.length === 0) return { steps: [], why }
  const steps: Step[] = []
  const onTarget = new Set(target.definitions.map(nameOfIndex))
  const wanted = new Set(source.definitions.map(nameOfIndex))
  for (const definition of target.definitions) {
    const index = nameOfIndex(definition)
    if (wanted.has(index) && !differs(index)) continue
    steps.push({ kind: 'sql', statement: dropIndex(definition, name) }, settled)
    onTarget.delete(index)
  }
  for (const definition of source.definitions) {
    if (onTarget.has(nameOfIndex(definition))) continue
    const added = stepsFor(definition, name, source, pair)
    if (typeof added === 'string') return { steps: [], why, refuse: added }
    steps.push(...added)
  }
  return { steps, why }
}

function dropIndex(definition: IndexDefinition, name: ObjectName): string {
  return definition.kind === 'sync-view'
    ? `DROP MATERIALIZED VIEW ${quoteQualified(name.database, definition.name)}`
    : `ALTER TABLE ${quoteQualified(name.database, name.name)} DROP ROLLUP ${quoteName(nameOfIndex(definition))}`
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
