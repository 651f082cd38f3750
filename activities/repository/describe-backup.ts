import type { BackupRecord } from '../../contract/backup/record.ts'
import type { BackupsPage } from '../../contract/backup/repository-api.ts'
import { besides, type NotIncluded } from '../../planning/companion/not-included.ts'

type Objects = NonNullable<BackupsPage['objects']>
type Described = Omit<Objects[number], 'more'>

/** A page is part of a workflow's history; with so much of each table, and of all of them, it stays below 200 KB. */
const MOST_OBJECTS = 300
const MOST_PARTITIONS = 1_000
const MOST_PER_OBJECT = 100

/** The objects of a record, or those given, cut to what fits; each says how many of its partitions are left out. */
export function describeObjects(of: BackupRecord | Described[]): Objects {
  let room = MOST_PARTITIONS
  return (Array.isArray(of) ? of : objectsOfRecord(of)).slice(0, MOST_OBJECTS).map((object) => {
    const partitions = object.partitions.slice(0, Math.min(room, MOST_PER_OBJECT))
    room -= partitions.length
    return { ...object, partitions, more: object.partitions.length - partitions.length }
  })
}

function objectsOfRecord(record: BackupRecord): Described[] {
  const labelAt = (at: number) => record.labels[at]?.label ?? ''
  const single = (name: string, kind: string, at: number | undefined): Described => ({
    name,
    kind,
    partitions: at === undefined ? [] : [{ name, version: '', label: labelAt(at) }],
  })
  return [
    ...Object.entries(record.tables).map(([name, { partitions }]) => ({
      name,
      kind: 'table',
      partitions: Object.entries(partitions).map(([partition, { physical, at, rows }]) => ({
        name: partition,
        version: physical.map(([, version]) => version).join(','),
        label: labelAt(at),
        rows,
      })),
    })),
    ...Object.entries(record.materializedViews).map(([name, { at }]) => single(name, 'materialized view', at)),
    ...Object.entries(record.views).map(([name, { at }]) => single(name, 'view', at)),
    ...Object.entries(record.functions).map(([name, { at }]) => single(name, 'function', at)),
    ...record.catalogs.map((name) => single(name, 'catalog', record.labels.length - 1)),
  ]
}

const MOST_NOT_INCLUDED = 500

/** Objects of the database, then what no snapshot holds. */
export const notIncludedOf = ({ notIncluded }: BackupRecord, around: readonly NotIncluded[]) =>
  [...notIncluded, ...besides(notIncluded, around)].slice(0, MOST_NOT_INCLUDED)
