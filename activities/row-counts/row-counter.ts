import {
  quoteName,
  quoteQualified,
  quoteString,
  type StarRocksCluster,
  StarRocksError,
  TimedOutError,
} from '../../starrocks/index.ts'
import { pause } from '../heartbeat.ts'
import { turnsOfClusters } from '../pollers/turns.ts'

/** What scans data of a cluster, one after the other, however many backups and restores want to count: queries of the cluster's users come first. */
const countingTurns = turnsOfClusters(1)

/** Partitions counted by one statement, and their bytes: what fails is not much. */
const MOST_PARTITIONS = 50
const MOST_BYTES = 256 * 2 ** 30
/** What the cluster gives one statement. Its own default, 300 s, is meant for people who wait. */
const QUERY_SECONDS = 3_600
/** The cluster ends it first: a statement that only we gave up would go on there. */
const MARGIN_MS = 60_000
/** Of a statement whose connection was lost, or whose frontend did not answer. */
const MOST_TRIES = 3
const RETRY_MS = 2_000
/** Tables in a row that cannot be counted: then it is the cluster, and the rest is not asked for. */
const MOST_IN_A_ROW = 3

export interface CountedPart {
  name: string
  /** About; unknown counts as nothing. */
  bytes?: number
}

export interface CountOrder {
  database: string
  table: string
  parts: readonly CountedPart[]
  /** False: the table is one partition, by whatever name. */
  partitioned: boolean
}

export interface Uncounted {
  table: string
  reason: string
}

/**
 * Counts rows by partition, exactly, by the cluster. A count is a proof in addition and never worth a backup or a restore: what cannot be counted is noted and
 * told, nothing is counted twice, and a statement that took too long or too much is not sent again. One statement at a time for each cluster.
 */
export class RowCounter {
  readonly #cluster: StarRocksCluster
  readonly #signal: AbortSignal | undefined
  #inARow = 0
  /** Tables of which not everything could be counted, in their order. */
  readonly uncounted: Uncounted[] = []

  constructor(cluster: StarRocksCluster, signal?: AbortSignal) {
    this.#cluster = cluster
    this.#signal = signal
  }

  /** Rows of those partitions that could be counted. Errors: only the signal's reason. */
  async count(order: CountOrder): Promise<Map<string, string>> {
    const counts = new Map<string, string>()
    const table = `${order.database}.${order.table}`
    if (this.#inARow >= MOST_IN_A_ROW) {
      this.uncounted.push({ table, reason: `the ${MOST_IN_A_ROW} tables before it could not be counted either` })
      return counts
    }
    for (const batch of batches(order.parts)) {
      const answer = await this.#ask(order, batch)
      if (answer instanceof StarRocksError) {
        const some = counts.size > 0 ? `${order.parts.length - counts.size} of ${order.parts.length} partitions: ` : ''
        this.uncounted.push({ table, reason: `${some}${answer.message}` })
        this.#inARow = counts.size > 0 ? 0 : this.#inARow + 1
        return counts
      }
      for (const [name, rows] of answer) counts.set(name, rows)
    }
    if (counts.size < order.parts.length) {
      this.uncounted.push({ table, reason: 'the cluster answered without numbers' })
      this.#inARow++
    } else this.#inARow = 0
    return counts
  }

  async #ask(order: CountOrder, batch: readonly CountedPart[]): Promise<Map<string, string> | StarRocksError> {
    const statement = countStatement(order, batch)
    for (let tries = 1; ; tries++) {
      try {
        const signal = this.#signal
        const timeoutMs = QUERY_SECONDS * 1_000 + MARGIN_MS
        const ask = () => this.#cluster.query(statement, { signal, timeoutMs, long: true })
        const { rows } = await countingTurns(this.#cluster).take(ask, { signal })
        return new Map(rows.map((row) => [row.required('p'), row.required('n')]))
      } catch (error) {
        this.#signal?.throwIfAborted()
        if (!(error instanceof StarRocksError)) throw error
        const away = error.kind === 'Unreachable' || error.kind === 'NotLeader'
        if (!away || error instanceof TimedOutError || tries >= MOST_TRIES) return error
        await pause(RETRY_MS * tries, this.#signal)
      }
    }
  }
}

/** The hint must be in the outermost SELECT: StarRocks heeds none in the branches of a UNION. */
function countStatement({ database, table, partitioned }: CountOrder, batch: readonly CountedPart[]): string {
  const from = quoteQualified(database, table)
  const selects = batch.map(({ name }) => {
    const part = partitioned ? ` PARTITION (${quoteName(name)})` : ''
    return `SELECT ${quoteString(name)} AS p, COUNT(*) AS n FROM ${from}${part}`
  })
  return `SELECT /*+ SET_VAR(query_timeout = ${QUERY_SECONDS}) */ p, n FROM (${selects.join(' UNION ALL ')}) counted`
}

function batches(parts: readonly CountedPart[]): CountedPart[][] {
  const cut: CountedPart[][] = []
  let bytes = 0
  for (const part of parts) {
    const last = cut.at(-1)
    bytes += part.bytes ?? 0
    if (last && last.length < MOST_PARTITIONS && bytes <= MOST_BYTES) last.push(part)
    else {
      cut.push([part])
      bytes = part.bytes ?? 0
    }
  }
  return cut
}

const MOST_NAMED = 10

/** What could not be counted, in sentences: some by name, the rest by number. */
export function uncountedWarnings(uncounted: readonly Uncounted[]): string[] {
  const named = uncounted
    .slice(0, MOST_NAMED)
    .map(({ table, reason }) => `Rows of ${table} were not counted: ${reason}`)
  const more = uncounted.length - MOST_NAMED
  return more > 0 ? [...named, `Rows of ${more} more tables were not counted`] : named
}
