import { ActivityCancellationDetails } from '@temporalio/common'
import { expect, test } from 'vitest'
import { quietEnvironment } from '../metadata/lab-pair.ts'
import { StepPair } from './support/step-pair.ts'

test('a copy whose first job is committed and not visible yet does not pass for empty', async () => {
  const pair = await StepPair.start()
  try {
    pair.make(
      'CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")',
    )
    pair.source.execute('INSERT INTO app.t VALUES (1, 11), (2, 12)')
    const environment = quietEnvironment()
    pair.target.faults.inject({ kind: 'delay-publish', ms: 1e9 })
    pair.target.faults.inject({
      kind: 'during-job',
      state: 'COMMITTED',
      run: () => environment.cancel('TIMED_OUT', new ActivityCancellationDetails({ timedOut: true })),
    })
    await expect(pair.step('app.t', { environment })).rejects.toMatchObject({ type: 'Unreachable' })
    const { schema } = pair
    pair.source.execute('ALTER TABLE app.t DROP COLUMN v')
    pair.source.execute('ALTER TABLE app.t ADD COLUMN v INT')
    // What is known of the copy stays what it was: else the job's rows would be taken for such of the new column.
    await expect(pair.step('app.t')).rejects.toMatchObject({
      type: 'Busy',
      message: expect.stringContaining('is not published yet'),
    })
    expect(pair.target.sentJobs.length).toBe(1)
    expect(pair.schema).toBe(schema)
  } finally {
    await pair.stop()
  }
})
