import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll } from 'vitest'
import type { Activities } from '../../../activities/index.ts'
import { Starferry } from '../../../client/api.ts'
import type { MigrationSpecInput, MigrationStatus, StaleInput } from '../../../contract/index.ts'
import { onTemporal } from '../../support/on-temporal.ts'
import type { TestTemporal, TestTemporalOptions } from '../../support/temporal.ts'

/** What clusters say, by the activity that asks them. */
export type Script = Partial<Activities>

export interface ScriptStage {
  readonly temporal: TestTemporal
  readonly starferry: Starferry
  /** Whatever is asked from now on is answered so. */
  says(script: Script): void
  /** Starts a migration, which is stopped after the test. */
  begin(spec: Partial<MigrationSpecInput> & { name: string }, script: Script): Promise<void>
  status(): Promise<MigrationStatus>
}

/** Looks by which nothing lags, and of so many tables nobody made a copy. */
export const looks =
  (missing: () => number = () => 0): Activities['findStale'] =>
  async ({ delay = 0, wait = 0 }: StaleInput) => {
    await sleep((delay + Math.min(wait, 1)) * 1000)
    const missingTables = missing()
    const counts = {
      tables: 1,
      finishedTables: 1 - missingTables,
      expiredTables: missingTables,
      partitions: 1,
      laggingPartitions: 0,
      unknownPartitions: 0,
      totalBytes: 0,
      laggingBytes: 0,
      missingTables,
      unparkedMissingTables: missingTables,
    }
    return { stale: [], counts, slots: 10, sent: 0, checkedAt: new Date().toISOString() }
  }

/** Looks by which these lag. */
export const lagging =
  (tables: () => string[]): Activities['findStale'] =>
  async (input) => {
    const result = await looks()(input)
    const all = tables()
    const listed = all.filter((table) => !input.skip.includes(table))
    const stale = listed.map((table) => ({ table, laggingPartitions: 1, bytes: 1, unfinished: true }))
    const counts = { ...result.counts, tables: Math.max(1, all.length), laggingPartitions: all.length }
    return { ...result, stale, counts }
  }

/** What a script waits for until the test says so. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** The end of a difference's list. */
export function differences(...different: string[]) {
  const counts = { sourceTables: 1, alignedTables: 0, differentTables: 0, targetOnlyTables: 0, refusedTables: 0 }
  return { different, counts: { ...counts, differentTables: different.length } }
}

/** Two clusters that are equal, and want nothing changed. */
const QUIET = {
  preflight: async () => ({ findings: [], settings: [] }),
  findStale: looks(),
  listDifferences: async () => differences(),
  alignTables: async ({ tables }: { tables: string[] }) =>
    tables.map((table) => ({ table, outcome: 'created', statements: [], undo: [] })),
  listTargetOnly: async () => [],
  alignViews: async () => [],
  awaitQuiet: async () => undefined,
  releaseSettings: async () => ({ restored: [], left: [] }),
}

/** What only some tests answer otherwise. */
const OTHERS = [
  ...['putMetadataSchedule', 'deleteMetadataSchedule', 'awaitClosed'],
  ...['readSetting', 'writeSetting', 'leaderProcess', 'keepSettings'],
  ...['replicate', 'cancelJobs', 'existingTables'],
]

/** A real Temporal server and the real workflows, between clusters that exist in the test's words alone. */
export function scripted(options?: TestTemporalOptions): ScriptStage {
  let starferry: Starferry
  let script: Record<string, unknown> = {}
  const begun: string[] = []
  const on = onTemporal(options, (real) => {
    const usual: Record<string, unknown> = { ...real, ...QUIET }
    const answer = (name: string) => [
      name,
      (input: unknown) => ((script[name] ?? usual[name]) as (input: unknown) => unknown)(input),
    ]
    return Object.fromEntries([...Object.keys(QUIET), ...OTHERS].map(answer))
  })
  beforeAll(() => {
    starferry = new Starferry(on.temporal.client)
  })
  afterEach(async () => {
    script = {}
    for (const name of begun.splice(0)) await starferry.stop(name).catch(() => undefined)
  })
  return {
    get temporal() {
      return on.temporal
    },
    get starferry() {
      return starferry
    },
    says(more) {
      Object.assign(script, more)
    },
    async begin(spec, given) {
      script = { ...given }
      begun.push(spec.name)
      const intervals = { metadata: 3600, stale: 0.5, park: 3600 }
      await starferry.start({ source: 'a', target: 'b', intervals, ...spec })
    },
    status: () => starferry.status(begun.at(-1) ?? ''),
  }
}
