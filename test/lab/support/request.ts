import type { LabDatabase, LabPhysicalPartition, LabState, LabTable } from '../../../lab/model.ts'
import { physicalOf } from './cluster.ts'
import type { Wire } from './wire.ts'

export interface RequestOptions {
  db: LabDatabase
  table: LabTable
  source: { state: LabState; table: LabTable }
  jobId?: string
  token?: string
  /** Positions of partitions; all otherwise. */
  partitions?: number[]
  version?: (source: LabPhysicalPartition) => bigint
  epoch?: (source: LabPhysicalPartition) => bigint | undefined
  /** Only so many indexes, and only so many tablets of each. */
  indexes?: number
  tablets?: number
  hash?: number
  dataSize?: number
  backends?: (addresses: Wire[]) => Wire[]
  /** Gives the source tablet of a bucket. */
  sourceBucket?: (bucket: number) => number
  /** More fields of the request struct. */
  more?: Record<number, Wire | undefined>
}

/** A request as a right client would send it, bent by the options. */
export function replicationRequest(options: RequestOptions): Wire {
  const { table, source } = options
  const chosen = options.partitions ?? table.partitions.map((_, i) => i)
  return {
    struct: {
      1: { text: 'root' },
      2: { text: '' },
      3: { i64: options.db.id },
      4: { i64: table.id },
      5: { text: options.token ?? source.state.token },
      6: { i32: 1 },
      7: { i64: options.dataSize ?? 0 },
      8: { map: chosen.map((position) => partitionInfo(options, position)) },
      9: options.jobId === undefined ? undefined : { text: options.jobId },
      ...options.more,
    },
  }
}

function partitionInfo(options: RequestOptions, position: number): [bigint, Wire] {
  const target = physicalOf(options.table, position)
  const from = physicalOf(options.source.table, position)
  const epoch = options.epoch ? options.epoch(from) : from.versionEpoch
  const indexes = options.table.indexes.slice(0, options.indexes)
  const info: Wire = {
    struct: {
      1: { i64: target.id },
      2: { i64: options.version?.(from) ?? from.dataVersion },
      3: { map: indexes.map((_, i) => indexInfo(options, position, i)) },
      4: epoch === undefined ? undefined : { i64: epoch },
      5: { i64: from.id },
    },
  }
  return [target.id, info]
}

function indexInfo(options: RequestOptions, position: number, number: number): [bigint, Wire] {
  const index = options.table.indexes[number]
  const sourceIndex = options.source.table.indexes[number]
  if (!index || !sourceIndex) throw new Error(`There is no index ${number}`)
  const tablets = physicalOf(options.table, position).tablets.get(index.id) ?? []
  const sources = physicalOf(options.source.table, position).tablets.get(sourceIndex.id) ?? []
  const infos = tablets.slice(0, options.tablets).map((tablet, bucket): [bigint, Wire] => {
    const from = sources[options.sourceBucket?.(bucket) ?? bucket]
    const addresses = (from?.replicas ?? []).map((replica): Wire => {
      const node = options.source.state.nodes.find((one) => one.id === replica.backendId)
      const backend = { 1: { text: node?.host ?? '' }, 2: { i32: node?.bePort ?? 0 }, 3: { i32: node?.httpPort ?? 0 } }
      return { struct: { 1: { struct: backend } } }
    })
    const list = options.backends?.(addresses) ?? addresses
    return [tablet.id, { struct: { 1: { i64: tablet.id }, 2: { i64: from?.id ?? 0n }, 3: { list } } }]
  })
  const hash = options.hash ?? sourceIndex.schemaHash
  return [index.id, { struct: { 1: { i64: index.id }, 2: { i32: hash }, 3: { map: infos } } }]
}
