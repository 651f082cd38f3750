import { baseIndex, createPhysicalPartition, renewPartition } from '../../../lab/data/index.ts'
import type { LabCluster } from '../../../lab/index.ts'
import type { LabDatabase, LabPhysicalPartition, LabTable } from '../../../lab/model.ts'
import { addDatabase } from './cluster.ts'
import { replicationRequest } from './request.ts'
import { waitFor } from './wait.ts'
import { call } from './wire.ts'

/**
 * The shortest client that copies rightly: it looks into both states instead of asking, makes the target's tables by itself, and
 * remembers of which source partition each target partition is a copy. It shows that the lab lets a right client end with equal rows.
 */
export class RightClient {
  private readonly source: LabCluster
  private readonly target: LabCluster
  /** By id of the target partition: id and epoch of its source, and columns of the table then. */
  private readonly lineage = new Map<bigint, string>()
  private jobs = 0

  constructor(source: LabCluster, target: LabCluster) {
    this.source = source
    this.target = target
  }

  /** One pass over all tables. @returns partitions that were sent */
  async pass(): Promise<number> {
    const sent: Promise<number>[] = []
    for (const from of [...this.source.state.databases.values()]) {
      const to = addDatabase(this.target.state, from.name)
      for (const object of [...to.objects.values()]) {
        if (object.kind === 'table' && from.objects.get(object.name)?.kind !== 'table') to.objects.delete(object.name)
      }
      for (const object of [...from.objects.values()]) if (object.kind === 'table') sent.push(this.table(to, object))
    }
    return (await Promise.all(sent)).reduce((sum, one) => sum + one, 0)
  }

  private async table(to: LabDatabase, original: LabTable): Promise<number> {
    const copy = this.align(to, original)
    const behind = copy.partitions.flatMap((partition, position) => {
      const [from, here] = [original.partitions[position]?.physical[0], partition.physical[0]]
      if (!from || !here) return []
      const lineage = this.lineage.get(here.id)
      if (lineage !== undefined && lineage !== origin(original, from)) {
        const fresh = renewPartition(this.target.state, copy, partition)
        return fresh.dataVersion < from.dataVersion ? [{ position, from, here: fresh }] : []
      }
      return here.dataVersion < from.dataVersion ? [{ position, from, here }] : []
    })
    if (behind.length === 0) return 0
    const origins = behind.map(({ from, here }) => [here.id, origin(original, from)] as const)
    const jobId = `right-${++this.jobs}`
    const request = replicationRequest({
      db: to,
      table: copy,
      source: { state: this.source.state, table: original },
      partitions: behind.map((one) => one.position),
      jobId,
    })
    const answer = await call(this.target.endpoints.frontends[0]?.rpcPort ?? 0, 'startTableReplication', request)
    // A connection that ended without an answer may have started the job.
    if ('status' in answer && answer.status !== 'OK') return behind.length
    for (const [id, lineage] of origins) this.lineage.set(id, lineage)
    await waitFor(
      () => !this.target.state.replicationJobs.some((one) => one.jobId === jobId && one.finishedMs === undefined),
      'the job to end',
    )
    await waitFor(() => behind.every(({ here }) => here.committedVersion === here.visibleVersion), 'the publish')
    return behind.length
  }

  /** Gives the target a table of the source's shape, anew when shape or partitions differ. */
  private align(to: LabDatabase, original: LabTable): LabTable {
    const known = to.objects.get(original.name)
    if (known?.kind === 'table' && shape(known) === shape(original)) return known
    const { state } = this.target
    const copy: LabTable = { ...structuredClone(original), id: state.nextId(), partitions: [] }
    for (const index of copy.indexes) index.id = state.nextId()
    copy.partitions = original.partitions.map((partition) => ({
      ...structuredClone(partition),
      id: state.nextId(),
      physical: [createPhysicalPartition(state, copy, { ...partition, id: state.nextId() })],
    }))
    to.objects.set(copy.name, copy)
    return copy
  }
}

const columns = (table: LabTable) => JSON.stringify(baseIndex(table).columns)

function shape(table: LabTable): string {
  const partitions = table.partitions.map(({ name, range, list, buckets, temporary }) => ({
    name,
    range,
    list,
    buckets,
    temporary,
  }))
  return JSON.stringify([columns(table), table.indexes.map((one) => [one.name, one.schemaHash]), partitions])
}

const origin = (table: LabTable, physical: LabPhysicalPartition) =>
  `${physical.id} ${physical.versionEpoch} ${columns(table)}`
