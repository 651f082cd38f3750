import { afterEach, beforeEach, expect, it } from 'vitest'
import { LabCluster } from '../../lab/index.ts'
import { JobLedger } from '../support/job-ledger.ts'
import { until } from '../support/until.ts'
import { sendForeignJob, sendForeignJobAgain } from './foreign-job.ts'

let clusters: { source: LabCluster; target: LabCluster }
let ledger: JobLedger
beforeEach(async () => {
  clusters = {
    source: await LabCluster.start({ name: 'ledger-source', version: '3.5', timeFactor: 50 }),
    target: await LabCluster.start({ name: 'ledger-target', version: '3.5', timeFactor: 50 }),
  }
  ledger = new JobLedger(clusters.target)
})
afterEach(async () => {
  await clusters.source.stop()
  await clusters.target.stop()
})

it('a job that is sent again while it runs, before it is visible, and when all is there, is found', async () => {
  const slow = clusters.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
  const late = clusters.target.faults.inject({ kind: 'delay-publish', ms: 1_000_000 })
  await sendForeignJob(clusters, 'first')
  await expect(sendForeignJobAgain(clusters, 'while it runs')).rejects.toThrow('refused')
  slow.clear()
  await until('the first is committed', () => ledger.committed === 1)
  await expect(sendForeignJobAgain(clusters, 'before it is visible')).rejects.toThrow('refused')
  late.clear()
  expect(ledger.needless().map(({ jobId }) => jobId)).toEqual(['while it runs', 'before it is visible'])
})

it('a request that is repeated to find out what became of it is none', async () => {
  clusters.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
  await sendForeignJob(clusters, 'first')
  await expect(sendForeignJobAgain(clusters, 'first')).rejects.toThrow('refused')
  expect(ledger.needless()).toEqual([])
})

it('a job that was aborted, sent again, is none', async () => {
  clusters.target.faults.inject({ kind: 'abort-job', error: 'Replicate snapshot failed', times: 1 })
  await sendForeignJob(clusters, 'first')
  await until('the first is aborted', () => ledger.aborted === 1)
  await sendForeignJobAgain(clusters, 'second')
  await until('the second is committed', () => ledger.committed === 1)
  expect(ledger.sent).toBe(2)
  expect(ledger.sentTwice()).toEqual([])
})
