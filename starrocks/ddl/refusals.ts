import type { Table } from './model.ts'
import type { Placement, TargetCluster } from './target.ts'
import { atLeast } from './version.ts'
import { beyondVersion } from './version-limits.ts'

export type RefusalCode =
  | 'external-table'
  | 'temporary-table'
  | 'unknown-engine'
  | 'ambiguous-default'
  | 'unclear-generated-column'
  | 'unprintable-name'
  | 'range-distribution'
  | 'file-bundling'
  | 'in-memory-index'
  | 'row-store'
  | 'gin-index'
  | 'vector-index'
  | 'several-physical-partitions'
  | 'partition-names-by-case'
  | 'not-in-version'

/** Why a table cannot be copied faithfully, and what to do about it. */
export interface Refusal {
  readonly code: RefusalCode
  readonly reason: string
  readonly remedy: string
}

export interface RefusalFacts {
  readonly target: TargetCluster
  readonly placement?: Placement
  /** Names of the rows of SHOW PARTITIONS, repeated for each physical partition. */
  readonly partitionNames?: readonly string[]
}

/** What of a source table cannot be copied faithfully to this target; empty when it can be. */
export function refusals(table: Table, facts: RefusalFacts): Refusal[] {
  const ofKind = refuseKind(table)
  if (ofKind) return [ofKind]
  return [
    ...refuseDoubts(table),
    ...refuseNames(table),
    ...refuseStorage(table, facts),
    ...refuseIndexes(table, facts),
    ...refusePartitions(facts),
    ...beyondVersion(table, facts.target.version),
  ]
}

function refuseKind(table: Table): Refusal | undefined {
  if (table.external) {
    const secret = Object.values(table.properties).some((value) => /^\*+$/.test(value) || value === '')
    const reason = `it is an external table (${table.engine})${secret ? ' whose secrets are not shown' : ''}`
    return { code: 'external-table', reason, remedy: 'create it by hand on the target, or use an external catalog' }
  }
  if (table.temporary) {
    return { code: 'temporary-table', reason: 'it is a temporary table of one session', remedy: 'exclude it' }
  }
  if (table.engine === 'OLAP') return undefined
  return { code: 'unknown-engine', reason: `its engine is ${table.engine}`, remedy: 'create it by hand on the target' }
}

function refuseDoubts(table: Table): Refusal[] {
  return table.doubts.map((doubt) =>
    doubt.kind === 'unquoted-generated-column'
      ? {
          code: 'unclear-generated-column',
          reason: doubt.message,
          remedy: 'rename that column on the source, or create the table by hand',
        }
      : {
          code: 'ambiguous-default',
          reason: doubt.message,
          remedy: 'create the table by hand on the target, with the default that you mean',
        },
  )
}

function refuseNames(table: Table): Refusal[] {
  const odd = [table.name, ...table.columns.map((column) => column.name)].filter((name) => name.includes('`'))
  return odd.map((name) => ({
    code: 'unprintable-name',
    reason: `the name ${name} has a backtick, which no statement can say`,
    remedy: 'rename it on the source',
  }))
}

function refuseStorage(table: Table, { target, placement }: RefusalFacts): Refusal[] {
  const found: Refusal[] = []
  const { properties } = table
  if (table.distribution?.kind === 'other') {
    const reason = `its distribution is ${table.distribution.text}`
    found.push({
      code: 'range-distribution',
      reason,
      remedy: 'copy it with INSERT, or wait for a target that takes it',
    })
  }
  if (properties.file_bundling === 'true' && target.readsBundledFiles === false) {
    const reason = "its files are bundled, which the target's version cannot read from another cluster"
    found.push({ code: 'file-bundling', reason, remedy: 'upgrade the target' })
  }
  if (table.keys?.type === 'PRIMARY' && !hasPersistentIndex(table, placement) && refusesMemoryIndex(target)) {
    const reason = 'its primary key index is kept in memory, which the target refuses'
    found.push({ code: 'in-memory-index', reason, remedy: 'set placement.persistentIndex: true' })
  }
  if (isRowStore(properties.storage_type) && target.runMode === 'shared_nothing' && !target.experimental?.rowstore) {
    const reason = `it is stored as ${properties.storage_type}, which the target takes only with enable_experimental_rowstore=true`
    found.push({ code: 'row-store', reason, remedy: "set enable_experimental_rowstore on the target's frontends" })
  }
  if (isRowStore(properties.storage_type) && target.runMode === 'shared_data') {
    const reason = `it is stored as ${properties.storage_type}, which a shared-data cluster drops without a word`
    found.push({
      code: 'row-store',
      reason,
      remedy: 'copy it to a shared-nothing cluster, or give up its row store first',
    })
  }
  return found
}

function isRowStore(storageType: string | undefined): boolean {
  return storageType !== undefined && /ROW/i.test(storageType)
}

function hasPersistentIndex(table: Table, placement: Placement | undefined): boolean {
  return placement?.persistentIndex ?? table.properties.enable_persistent_index !== 'false'
}

// "In-Memory index is not supported, please create table with persistent index"
function refusesMemoryIndex(target: TargetCluster): boolean {
  return atLeast(target.version, 3, 5)
}

function refuseIndexes(table: Table, { target }: RefusalFacts): Refusal[] {
  const found: Refusal[] = []
  for (const index of table.indexes) {
    if (index.type === 'GIN' && !target.experimental?.gin) {
      const reason = `it has the inverted index ${index.name}, which the target takes only with enable_experimental_gin=true`
      found.push({ code: 'gin-index', reason, remedy: "set enable_experimental_gin on the target's frontends" })
    }
    if (index.type === 'VECTOR' && !target.experimental?.vector) {
      const reason = `it has the vector index ${index.name}, which the target takes only with enable_experimental_vector=true`
      found.push({ code: 'vector-index', reason, remedy: "set enable_experimental_vector on the target's frontends" })
    }
  }
  return found
}

function refusePartitions({ target, partitionNames = [] }: RefusalFacts): Refusal[] {
  const found: Refusal[] = []
  const seen = new Map<string, string>()
  const reported = new Set<string>()
  for (const name of partitionNames) {
    const folded = name.toLowerCase()
    const other = seen.get(folded)
    seen.set(folded, other ?? name)
    if (other === undefined || reported.has(folded)) continue
    reported.add(folded)
    if (other === name) {
      const reason = `partition ${name} has grown to several physical partitions, which no statement can make on the target`
      found.push({
        code: 'several-physical-partitions',
        reason,
        remedy: 'rewrite the partition (INSERT OVERWRITE) or copy it with INSERT',
      })
    } else if (atLeast(target.version, 3, 5)) {
      const reason = `partitions ${other} and ${name} differ in case only, which the target refuses`
      found.push({ code: 'partition-names-by-case', reason, remedy: 'rename one of them on the source' })
    }
  }
  return found
}
