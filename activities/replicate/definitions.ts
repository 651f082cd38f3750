import { createSelection } from '../../planning/selection.ts'
import { difference, readTable, type Table } from '../../starrocks/ddl/index.ts'
import { columnDefaults, showCreate } from '../../starrocks/index.ts'
import { refused, stale } from '../failures.ts'
import { renameBy } from '../metadata/pair.ts'
import type { TablePair, TableSide } from './table-pair.ts'

/** The source's definition as it was compared, to find out later whether it changed while a job ran. */
export interface ComparedDefinition {
  text: string
  model: Table
}

/**
 * Throws `Stale` (to be aligned) unless the copy's columns, keys, sort order, partitioning and distribution are the source's. The replication
 * itself compares nothing of that: columns are matched by name, and one that is missing or renamed becomes NULL or its default in silence.
 */
export async function compareDefinitions(pair: TablePair): Promise<ComparedDefinition> {
  const [source, target] = await Promise.all([readDefinition(pair.source), readDefinition(pair.target)])
  const differences = difference(source.model, target.model, {
    target: { version: pair.target.capabilities.version, runMode: pair.target.capabilities.runMode },
    from: { version: pair.source.capabilities.version, runMode: pair.source.capabilities.runMode },
    source: { database: pair.source.database, name: pair.source.name },
    rename: renameBy(createSelection(pair.spec)),
    placement: {},
  }).filter((one) => one.action.kind === 'recreate' && one.kind !== 'property' && one.path !== 'distribution.buckets')
  const first = differences[0]
  if (first) {
    const what = `${first.path}: ${first.source || 'nothing'} on the source, ${first.target || 'nothing'} on the target`
    throw stale(`the definitions of ${pair.source.full} differ: ${what}`, { align: true })
  }
  return source
}

/** Whether the source's definition is still the one that was compared, as far as rows depend on it. */
export async function isStillSame(pair: TablePair, compared: ComparedDefinition): Promise<boolean> {
  const { text } = await showCreate(pair.source.cluster, pair.source.database, pair.source.name)
  if (text === compared.text) return true
  const now = await readDefinition(pair.source)
  const columns = ({ model }: ComparedDefinition) =>
    JSON.stringify(model.columns.map(({ comment: _, ...rest }) => rest))
  return columns(now) === columns(compared)
}

async function readDefinition(side: TableSide): Promise<ComparedDefinition> {
  const { text } = await showCreate(side.cluster, side.database, side.name)
  const version = side.capabilities.version
  const model = readTable(text, { version })
  if (model.doubts.length === 0) return { text, model }
  const printed = await columnDefaults(side.cluster, side.database, side.name)
  const exact = readTable(text, { version, defaults: new Map(printed.map(({ column, value }) => [column, value])) })
  const doubt = exact.doubts[0]
  if (doubt) throw refused(`${side.full} on ${side.cluster.name}: ${doubt.message}`)
  return { text, model: exact }
}
