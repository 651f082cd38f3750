import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import type { LabVersion } from '../../lab/model.ts'
import { addDatabase, addTable, load, TestCluster } from './support/cluster.ts'
import { replicationRequest } from './support/request.ts'
import { waitFor } from './support/wait.ts'
import { call, type Wire } from './support/wire.ts'

interface RecordedCancel {
  version: LabVersion
  case: string
  http?: string
  status?: number
  body?: string
  headers?: Record<string, string> | null
  rollback?: { user: string; passwd: string; tbl: string; reason: string; txnCommitAttachment?: object }
  answer?: [string, string | null]
  after: [[string, string, string][], [string, string, string][]]
}

const recorded: RecordedCancel[] = JSON.parse(
  readFileSync(new URL('../fixtures/lab/cancel.json', import.meta.url), 'utf8'),
)

/** The late one came when its job had been committed on some lines and still ran on others. */
const cases = recorded.filter((one) => one.case !== 'late' && one.after)

let clusters: TestCluster[] = []
afterEach(async () => {
  await Promise.all(clusters.map((one) => one.stop()))
  clusters = []
})

test.each(cases.map((one) => [one.version, one.case, one] as const))('%s: %s', async (version, name, entry) => {
  const source = await TestCluster.start({ version })
  const target = await TestCluster.start({ version })
  clusters = [source, target]
  const from = addDatabase(source.state, 'mg_ct')
  const to = addDatabase(target.state, 'mg_ct')
  const table = addTable(target.state, to, name)
  const original = addTable(source.state, from, name)
  load(source, from, original, [[1, 'a']])
  const frozen = target.services.faults.inject({ kind: 'freeze-jobs' })
  const request = replicationRequest({
    db: to,
    table,
    source: { state: source.state, table: original },
    jobId: `job-${name}`,
  })
  frozen.clear()
  target.services.faults.inject({ kind: 'slow-jobs', factor: 200 })
  expect(await call(target.rpcPort, 'startTableReplication', request)).toEqual({ status: 'OK' })
  const transaction = await waitFor(() => target.state.transactions[0], 'the transaction')
  const label = `REPLICATION_${to.id}_${table.id}_`

  if (entry.http) {
    const [method, path = ''] = entry.http.replaceAll('REPLICATION_#_', label).split(' ')
    const headers = { ...entry.headers, ...(entry.headers?.label ? { label: `${label}job-${name}` } : {}) } as Record<
      string,
      string
    >
    if (name !== 'http_noauth' && !headers.Authorization) headers.Authorization = `Basic ${btoa('root:')}`
    const response = await fetch(`http://127.0.0.1:${target.httpPort}${path}`, { method, headers })
    expect(response.status).toBe(entry.status)
    expect(await response.text()).toBe(entry.body?.replaceAll('REPLICATION_#_', label))
  } else if (entry.rollback) {
    const { user, passwd, tbl, reason, txnCommitAttachment } = entry.rollback
    const fields: Record<number, Wire | undefined> = {
      2: { text: user },
      3: { text: passwd },
      4: { text: 'mg_ct' },
      5: { text: tbl },
      7: { i64: transaction.id },
      8: { text: reason },
      10: txnCommitAttachment ? { struct: { 1: { i32: 0 } } } : undefined,
    }
    const answer = await call(target.rpcPort, 'loadTxnRollback', { struct: fields })
    expect(answer).toEqual({ status: entry.answer?.[0], ...(entry.answer?.[1] ? { message: entry.answer[1] } : {}) })
  } else {
    to.objects.delete(name)
  }

  const [state = '', reason = ''] = entry.after[1][0] ?? []
  if (state === 'ABORTED') {
    await waitFor(() => target.state.replicationJobs[0]?.state === 'ABORTED', 'the job to end')
    expect(target.state.replicationJobs[0]?.error).toBe(reason)
  }
  expect([transaction.status, transaction.reason]).toEqual([state, reason])
})
