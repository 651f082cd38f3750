import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPhysicalPartition } from '../../lab/data/partition.ts'
import type { InjectedFault, LabResult, LabSnapshotJob, LabVersion } from '../../lab/index.ts'
import { LabCluster, LabSqlError } from '../../lab/index.ts'
import type { RecordedEntry } from './compare.ts'
import type { GroupReport } from './run-group.ts'
import { neutralCell, neutralMessage, type Surroundings, statementHere, textAsRecorded } from './snapshot-text.ts'

/** A recorded statement about backup and restore, and what stands around it. */
export interface SnapshotEntry extends Omit<RecordedEntry, 's' | 'o'> {
  s?: string
  /** 1: on the second cluster; only to prepare what comes, 2: both, 3: the first. */
  k?: 1 | 2 | 3
  /** Only some of the columns were kept. */
  t?: 1
  /** States that were seen, in order, while the answer was asked for again and again. */
  w?: string[]
  /** Tasks of the job that follows fail in this state; once each, or (0) until it is cancelled. */
  f?: [LabSnapshotJob['state'], 0 | 1]
  /** The job does not come to work in the state that it is held in. */
  h?: 'slow'
  /** Label whose objects were deleted in the store. */
  d?: string
  /** Label, and 1 or 0: whether it has objects in the store. */
  o?: [string, number]
  /** Random table whose first partition grew a second physical one in a load. */
  i?: string
  /** Automatic partitions that a backend had made: table and values. */
  a?: [string, string[][]]
}

export interface SnapshotGroup {
  name: string
  /** 0: loads were left out of the recording, so that the numbers of versions say nothing. */
  v?: 0
  entries: SnapshotEntry[]
  leftOut: Record<string, number>
}

const taskErrors: Partial<Record<LabSnapshotJob['state'], string>> = {
  SNAPSHOTING: 'make snapshot failed: too many open files',
  UPLOADING: 'upload failed: disk full',
  DOWNLOADING: 'download failed: checksum mismatch',
}

/** States that a job stays in. */
const ends = /^(FINISHED|CANCELLED)$/
const jobs = /^SHOW (BACKUP|RESTORE)\b/

type Answer = { result: LabResult } | { error: LabSqlError }

/** Runs the statements of a group in their order on two clusters with one storage, and waits where the recording waited. */
export class SnapshotGroupRun {
  readonly #clusters: LabCluster[]
  readonly #here: Surroundings
  readonly #columns: string[]
  /** Whether numbers of versions are compared. */
  readonly #versions: boolean
  #faults: InjectedFault[] = []

  private constructor(clusters: LabCluster[], columns: string[], here: Surroundings, versions: boolean) {
    this.#versions = versions
    this.#clusters = clusters
    this.#columns = columns
    this.#here = here
  }

  /** `later`: version of the second cluster, where that is another one. */
  static async run(
    version: LabVersion,
    columns: string[],
    group: SnapshotGroup,
    here: Surroundings,
    later = version,
  ): Promise<GroupReport> {
    const clusters: LabCluster[] = []
    const report: GroupReport = { name: group.name, agreed: 0, differences: [] }
    try {
      for (const [name, own] of [
        ['first', version],
        ['second', later],
      ] as const) {
        const lab = await LabCluster.start({ name: `conformance-${name}`, version: own, timeFactor: 120 })
        clusters.push(lab)
        // The recorded backends answered no queries.
        lab.faults.inject({ kind: 'no-backend-queries' })
        // It made no round while the statements were recorded.
        lab.partitionScheduler.stop()
      }
      const run = new SnapshotGroupRun(clusters, columns, here, group.v !== 0)
      for (const [i, entry] of group.entries.entries()) {
        run.#hold(entry, group.entries.slice(i + 1))
        const difference = await run.#entry(entry)
        if ((entry.k ?? 0) > 1 || (entry.s === undefined && difference === undefined)) continue
        if (difference === undefined) report.agreed++
        else report.differences.push({ statement: entry.s ?? '', difference })
      }
    } finally {
      await Promise.all(clusters.map((lab) => lab.stop()))
    }
    return report
  }

  async #entry(entry: SnapshotEntry): Promise<string | undefined> {
    const [first, second] = this.#clusters
    if (!first || !second) throw new Error('no clusters')
    if (entry.s === undefined) return this.#beside(first, entry)
    const lab = entry.k === 1 ? second : first
    const recorded = entry.s
    const sql = await this.#withTimestamp(lab, statementHere(recorded, this.#here))
    if (entry.f) this.#fail(lab, entry.f)
    if (entry.k === 2) await this.#ask(second, sql, entry.u)
    const difference =
      jobs.test(recorded) && !entry.e
        ? await this.#awaited(lab, entry, sql)
        : this.#compare(entry, await this.#ask(lab, sql, entry.u))
    if (/^CANCEL/.test(recorded)) {
      for (const fault of this.#faults.splice(0)) fault.clear()
      for (const fault of this.#held.values()) fault.clear()
      this.#held.clear()
    }
    return difference
  }

  readonly #held = new Map<string, InjectedFault>()

  /** A job that was recorded in the middle of its way is held there until it is to go on, so that it can be seen. */
  #hold(entry: SnapshotEntry, later: readonly SnapshotEntry[]): void {
    const submitted = /^(BACKUP|RESTORE)\b.*?\bSNAPSHOT (?:\w+\.)?`?(\w+)`?/.exec(entry.s ?? '')
    const label = submitted?.[2]
    if (label === undefined || entry.e || entry.f) return
    for (const next of later) {
      if (!jobs.test(next.s ?? '') || !next.s?.startsWith(`SHOW ${submitted?.[1]}`)) continue
      const state = this.#statesOf(next).get(label)
      if (state === undefined) continue
      // What was done meanwhile was done before the job looked at the tables.
      const passes = ends.test(state) || next.w !== undefined
      const lab = this.#clusters[entry.k === 1 ? 1 : 0]
      const where = { label, state: passes ? 'PENDING' : (state as LabSnapshotJob['state']) } as const
      const slow = entry.h === 'slow' && !passes
      const fault = slow
        ? ({ kind: 'slow-snapshot', factor: 1e6, ...where } as const)
        : ({ kind: 'stick-snapshot', ...where } as const)
      // One snapshot can be restored in many places at once.
      if (lab && !this.#held.has(label)) this.#held.set(label, lab.faults.inject(fault))
      return
    }
  }

  #statesOf(entry: SnapshotEntry): Map<string | null, string> {
    const columns = this.#columns[entry.c ?? 0]?.split('|') ?? []
    const label = Math.max(columns.indexOf('SnapshotName'), columns.indexOf('Label'))
    const state = columns.indexOf('State')
    return new Map((entry.r ?? []).map((row) => [row[label] ?? null, row[state] ?? '']))
  }

  /** A job that was recorded while it uploaded had uploaded something. */
  #isYetToUpload(label: string, state: string): boolean {
    const held = this.#held.get(label)?.fault
    return state === 'UPLOADING' && held?.kind === 'stick-snapshot' && this.#placesOf(label).length === 0
  }

  #release(wanted: ReadonlyMap<string | null, string>): void {
    for (const [label, fault] of this.#held) {
      const state = wanted.get(label)
      const waits = fault.fault.kind === 'stick-snapshot' ? fault.fault.state : undefined
      if (state === undefined || (!ends.test(state) && (waits !== 'PENDING' || state === 'PENDING'))) continue
      fault.clear()
      this.#held.delete(label)
    }
  }

  /** What happened beside statements. */
  #beside(lab: LabCluster, entry: SnapshotEntry): string | undefined {
    const label = entry.d ?? entry.o?.[0]
    const places = label === undefined ? [] : this.#placesOf(label)
    if (entry.d !== undefined) for (const place of places) rmSync(place, { recursive: true })
    if (entry.o) {
      const count = places.length > 0 ? 1 : 0
      if (count !== entry.o[1]) return `label ${label} has ${count === 1 ? 'objects' : 'no objects'}`
    }
    const [db = '', name = ''] = (entry.a?.[0] ?? entry.i ?? '').split('.')
    const table = lab.state.databases.get(db)?.objects.get(name)
    // It can only miss where the table itself did not come to be, which is told elsewhere.
    if (table?.kind !== 'table') return undefined
    for (const values of entry.a?.[1] ?? []) lab.createPartition(db, name, values)
    const [partition] = table.partitions
    if (entry.i !== undefined && partition)
      partition.physical.push(createPhysicalPartition(lab.state, table, { ...partition, id: lab.state.nextId() }))
    return undefined
  }

  /** Directories of a label's objects, in whichever repository. */
  #placesOf(label: string): string[] {
    return readdirSync(this.#here.storage, { recursive: true, withFileTypes: true })
      .filter((one) => one.isDirectory() && one.name === `__ss_${label}`)
      .map((one) => path.join(one.parentPath, one.name))
      .filter((place) => readdirSync(place, { recursive: true, withFileTypes: true }).some((one) => one.isFile()))
  }

  #fail(lab: LabCluster, [state, times]: [LabSnapshotJob['state'], 0 | 1]): void {
    // The jobs that fail once have two tasks.
    const limit = times === 0 ? {} : { times: 2 }
    this.#faults.push(
      lab.faults.inject({ kind: 'fail-snapshot-task', state, error: taskErrors[state] ?? 'task failed', ...limit }),
    )
  }

  /** The recorded snapshot's timestamp is another one here. */
  async #withTimestamp(lab: LabCluster, sql: string): Promise<string> {
    const wanted = /(?<='backup_timestamp' = '|TIMESTAMP = ')2026-1[12]-[\d-]+(?=')/i
    const label = /^RESTORE SNAPSHOT (?:\w+\.)?`?(\w+)`? FROM (\w+)/.exec(sql)
    const shown = /^SHOW SNAPSHOT ON (\w+) WHERE SNAPSHOT = '(\w+)'/i.exec(sql)
    const [repository, name] = label ? [label[2], label[1]] : [shown?.[1], shown?.[2]]
    if (!wanted.test(sql) || repository === undefined) return sql
    const answer = await this.#ask(lab, `SHOW SNAPSHOT ON ${repository} WHERE SNAPSHOT = '${name}'`)
    const found = 'result' in answer ? (answer.result.rows[0]?.[1] ?? '').split('\n') : []
    // One label can have two, in the order of their times.
    const known = this.#timestamps.get(name ?? '') ?? []
    const timestamp = wanted.exec(sql)?.[0] ?? ''
    if (!known.includes(timestamp)) known.push(timestamp)
    this.#timestamps.set(name ?? '', known)
    const here = found[Math.min(known.indexOf(timestamp), found.length - 1)]
    return here ? sql.replace(wanted, here) : sql
  }

  readonly #timestamps = new Map<string, string[]>()

  async #ask(lab: LabCluster, sql: string, user?: string): Promise<Answer> {
    try {
      return { result: await lab.run(sql, user) }
    } catch (error) {
      if (error instanceof LabSqlError) return { error }
      throw new Error(`The lab broke at ${sql}`, { cause: error })
    }
  }

  /** Asks until the jobs are in the states that were recorded, or cannot come there any more. */
  async #awaited(lab: LabCluster, entry: SnapshotEntry, sql: string): Promise<string | undefined> {
    const wanted = this.#statesOf(entry)
    this.#release(wanted)
    const seen: string[] = []
    const limit = Date.now() + 30_000
    for (;;) {
      const answer = await this.#ask(lab, sql, entry.u)
      if ('error' in answer) return this.#compare(entry, answer)
      const { result } = answer
      const at = (name: string): number => result.columns.findIndex((c) => c.name === name)
      const label = Math.max(at('SnapshotName'), at('Label'))
      const states = new Map(result.rows.map((row) => [row[label] ?? null, row[at('State')] ?? '']))
      const [only] = states.values()
      if (states.size === 1 && only !== undefined && seen.at(-1) !== only) seen.push(only)
      const late = Date.now() > limit
      const settled = [...wanted].every(([name, state]) => {
        const own = states.get(name)
        return own === state || own === undefined || (ends.test(own) && !late)
      })
      if (!settled && !late) {
        await sleep(5)
        continue
      }
      if (!late && [...wanted].some(([name, state]) => this.#isYetToUpload(name ?? '', state))) {
        await sleep(5)
        continue
      }
      const difference = this.#compare(entry, answer)
      // What is shown beside the state may come a moment after it.
      const there = [...wanted].every(([name, state]) => states.get(name) === state)
      const done = [...wanted.values()].every((state) => ends.test(state))
      if (difference !== undefined && there && !done && !late) {
        await sleep(5)
        continue
      }
      return difference ?? this.#order(seen, entry.w)
    }
  }

  /** Every state that was seen here was seen there too, in that order. */
  #order(seen: string[], recorded: string[] | undefined): string | undefined {
    // A single state was seen after the job's end.
    if (!recorded || recorded.length < 2) return undefined
    let from = 0
    for (const state of seen) {
      const at = recorded.indexOf(state, from)
      if (at < 0) return `went through ${seen.join(', ')} instead of ${recorded.join(', ')}`
      from = at
    }
    return undefined
  }

  #compare(entry: SnapshotEntry, answer: Answer): string | undefined {
    if ('error' in answer) {
      const { error } = answer
      const own = neutralMessage(textAsRecorded(error.message, this.#here))
      if (!entry.e) return `is refused: ${own}`
      const [errno, state, message] = entry.e
      if (own !== neutralMessage(message)) return `says\n      ${own}\n    instead of\n      ${neutralMessage(message)}`
      if (errno !== null && error.errno !== errno) return `errno ${error.errno} instead of ${errno} (${own})`
      return state !== null && error.sqlState !== state ? `SQL state ${error.sqlState} instead of ${state}` : undefined
    }
    if (entry.e) return `should be refused: ${entry.e[2]}`
    return entry.c === undefined ? undefined : this.#compareRows(entry, answer.result)
  }

  #compareRows(entry: SnapshotEntry, result: LabResult): string | undefined {
    const columns = this.#columns[entry.c ?? 0]?.split('|') ?? []
    const own = result.columns.map((c) => c.name)
    const places = columns.map((name) => own.indexOf(name))
    if (places.includes(-1) || (!entry.t && own.length !== columns.length && columns.length > 9))
      return `has columns ${own.join('|')}\n    instead of ${columns.join('|')}`
    const statement = entry.s ?? ''
    const keys = (rows: (string | null)[][]): string[] =>
      rows.map((row) =>
        JSON.stringify(row.map((cell, i) => neutralCell(statement, columns[i] ?? '', cell, this.#versions))),
      )
    const theirs = keys(entry.r ?? [])
    const ours = keys(
      result.rows.map((row) =>
        places.map((place) => {
          const cell = row[place] ?? null
          return cell === null ? null : textAsRecorded(cell, this.#here)
        }),
      ),
    )
    const partial = entry.n !== undefined
    const open = [...ours]
    const missing = theirs.filter((key) => {
      const at = open.indexOf(key)
      if (at >= 0) open.splice(at, 1)
      return at < 0
    })
    if (missing.length === 0 && (partial || open.length === 0)) return undefined
    return `lacks\n      ${missing.join('\n      ')}\n    and has\n      ${open.slice(0, 6).join('\n      ')}`
  }
}
