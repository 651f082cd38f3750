import type { LabFault } from '../../lab/faults/fault.ts'
import type { LabCluster } from '../../lab/index.ts'

export interface DemoFault {
  on: 'source' | 'target'
  fault: LabFault
  /** For the story. */
  text: string
}

/** One of each common kind, in the order in which they are injected while tables move. */
export const DEMO_FAULTS: DemoFault[] = [
  {
    on: 'target',
    text: 'the answer to a replication request is lost after the target took it',
    fault: { kind: 'drop-rpc', cut: 'after', method: 'startTableReplication', times: 2 },
  },
  {
    on: 'target',
    text: 'a connection breaks before a replication request arrives',
    fault: { kind: 'drop-rpc', cut: 'before', method: 'startTableReplication', times: 2 },
  },
  {
    on: 'target',
    text: 'running jobs are aborted by the target',
    fault: { kind: 'abort-job', error: 'Replicate snapshot failed: no disk has enough capacity', times: 2 },
  },
  { on: 'target', text: 'a job that was taken vanishes without a word', fault: { kind: 'lose-job', times: 1 } },
  { on: 'target', text: 'the target refuses: too many jobs', fault: { kind: 'busy', times: 3 } },
  { on: 'source', text: 'SQL connections to the source break', fault: { kind: 'drop-mysql', cut: 'after', times: 3 } },
  { on: 'target', text: 'SQL answers of the target are slow', fault: { kind: 'delay-mysql', ms: 150, times: 10 } },
  { on: 'target', text: 'copies of tablets fail', fault: { kind: 'fail-copy', times: 2 } },
  {
    on: 'source',
    text: "the source's backends answer no queries for a while",
    fault: { kind: 'no-backend-queries', times: 3 },
  },
]

export function inject({ source, target }: { source: LabCluster; target: LabCluster }, { on, fault }: DemoFault): void {
  ;(on === 'source' ? source : target).faults.inject(fault)
}
