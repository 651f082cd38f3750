import { setTimeout as sleep } from 'node:timers/promises'
import type { InjectedFault, LabFault } from '../../lab/index.ts'
import type { LabMigration } from '../support/lab-migration.ts'

/** A trouble that a run meets: a fault, or something that happens to a cluster. Ended by `end`. */
export interface Trouble {
  name: string
  begin(migration: LabMigration): Promise<Begun> | Begun
}

export interface Begun {
  /** How often it really struck. */
  struck(): number
  end(): Promise<void> | void
}

type Side = 'source' | 'target'

const fault = (name: string, at: Side | 'both', ...faults: LabFault[]): Trouble => ({
  name,
  begin: (migration) => {
    const sides: Side[] = at === 'both' ? ['source', 'target'] : [at]
    const injected: InjectedFault[] = sides.flatMap((side) => faults.map((one) => migration[side].faults.inject(one)))
    return {
      struck: () => injected.reduce((sum, one) => sum + one.struck, 0),
      end: () => {
        for (const one of injected) one.clear()
      },
    }
  },
})

/** Metadata, by any of the statements that read versions and definitions. */
const METADATA = /partitions_meta|SHOW PARTITIONS|SHOW CREATE|index_schema|SHOW PROC/i

/** The troubles of a bad day, one of each kind. */
export const TROUBLES: readonly Trouble[] = [
  fault(
    'connections to the source break',
    'source',
    { kind: 'drop-mysql', cut: 'connect', probability: 0.2 },
    { kind: 'drop-mysql', cut: 'before', probability: 0.04 },
    { kind: 'drop-mysql', cut: 'after', probability: 0.04 },
  ),
  fault(
    'connections to the target break',
    'target',
    { kind: 'drop-mysql', cut: 'connect', probability: 0.2 },
    { kind: 'drop-mysql', cut: 'before', probability: 0.04 },
    { kind: 'drop-mysql', cut: 'after', probability: 0.04 },
  ),
  fault('answers of the source are late', 'source', { kind: 'delay-mysql', ms: 400, probability: 0.1 }),
  fault('answers of the target are late', 'target', { kind: 'delay-mysql', ms: 400, probability: 0.1 }),
  fault('metadata is slow on both sides', 'both', { kind: 'delay-mysql', ms: 250, match: METADATA }),
  fault('requests are lost before the target acts', 'target', {
    kind: 'drop-rpc',
    cut: 'before',
    method: 'startTableReplication',
    times: 3,
  }),
  fault('replies are lost after the target acted', 'target', {
    kind: 'drop-rpc',
    cut: 'after',
    method: 'startTableReplication',
    times: 4,
  }),
  fault('requests reach the target late', 'target', {
    kind: 'delay-rpc',
    ms: 700,
    method: 'startTableReplication',
    times: 4,
  }),
  fault('jobs are aborted', 'target', { kind: 'abort-job', error: 'Replicate snapshot failed: disk is bad', times: 3 }),
  fault('jobs are aborted while they copy', 'target', {
    kind: 'abort-job',
    error: 'timeout by txn manager',
    state: 'REPLICATING',
    times: 2,
  }),
  fault('jobs vanish after they were taken', 'target', { kind: 'lose-job', times: 2 }),
  fault('progress is frozen', 'target', { kind: 'freeze-jobs' }),
  fault('jobs crawl', 'target', { kind: 'slow-jobs', factor: 400 }),
  fault('snapshots fail at the source', 'target', { kind: 'fail-snapshot', times: 3 }),
  fault('copies of tablets fail', 'target', { kind: 'fail-copy', times: 3 }),
  fault('publishing is late', 'target', { kind: 'delay-publish', ms: 100_000, times: 3 }),
  fault('the target is busy', 'target', { kind: 'busy', times: 4 }),
  fault('a disk of the target is full', 'target', { kind: 'disk-usage', node: 1, percent: 93 }),
  fault('the source’s backends answer no queries', 'source', { kind: 'no-backend-queries' }),
  fault('the target’s backends answer no queries', 'target', { kind: 'no-backend-queries' }),
  fault('a backend of the source is dead', 'source', { kind: 'node-down', node: 0, how: 'dead' }),
  fault('a backend of the source cannot be reached', 'source', { kind: 'node-down', node: 1, how: 'unreachable' }),
  fault('a backend of the target is dead', 'target', { kind: 'node-down', node: 2, how: 'dead' }),
  staleFollower('source'),
  staleFollower('target'),
  leaderSwitch('source'),
  leaderSwitch('target'),
  frontendKilled('source'),
  frontendKilled('target'),
]

/** Another frontend leads; jobs that had not begun are forgotten, running ones are aborted. */
function leaderSwitch(side: Side): Trouble {
  return {
    name: `another frontend of the ${side} leads`,
    begin: async (migration) => {
      const { frontends } = migration[side].state
      const leader = frontends.findIndex((one) => one.role === 'LEADER')
      await migration[side].switchLeader((leader + 1) % frontends.length)
      return { struck: () => 1, end: () => undefined }
    },
  }
}

/** The frontend that is asked first who leads answers from what it knew before another one did. */
function staleFollower(side: Side): Trouble {
  return {
    name: `a follower of the ${side} is stale while another frontend leads`,
    begin: async (migration) => {
      const cluster = migration[side]
      await cluster.switchLeader(2)
      const injected = cluster.faults.inject({ kind: 'stale-frontend', frontend: 0 })
      await cluster.switchLeader(1)
      return { struck: () => injected.struck, end: () => injected.clear() }
    },
  }
}

function frontendKilled(side: Side): Trouble {
  return {
    name: `the leading frontend of the ${side} is killed, and comes back`,
    begin: async (migration) => {
      const leader = migration[side].state.frontends.findIndex((one) => one.role === 'LEADER')
      await migration[side].killFrontend(leader)
      return {
        struck: () => 1,
        end: async () => {
          await sleep(500)
          await migration[side].restartFrontend(leader)
        },
      }
    },
  }
}
