import { type Client, type WorkflowExecutionStatusName, WorkflowNotFoundError } from '@temporalio/client'
import { expect, test } from 'vitest'
import { isClosed } from '../../activities/closed-workflows.ts'
import { createWriters } from '../../activities/repository/writers.ts'

/** A Temporal that says the same of every workflow. */
function temporal(name: WorkflowExecutionStatusName | undefined): Client {
  const describe = async () => {
    if (name === undefined) throw new WorkflowNotFoundError('not found', 'w', undefined)
    return { status: { name } }
  }
  return { workflow: { getHandle: () => ({ describe }) } } as unknown as Client
}

test.each<[WorkflowExecutionStatusName | undefined, boolean, string]>([
  ['RUNNING', false, 'open'],
  // By Temporal itself: it goes on with what it holds when somebody lets it.
  ['PAUSED', false, 'open'],
  ['UNKNOWN', false, 'open'],
  ['COMPLETED', true, 'closed'],
  ['FAILED', true, 'closed'],
  ['CANCELLED', true, 'closed'],
  ['TERMINATED', true, 'closed'],
  ['TIMED_OUT', true, 'closed'],
  [undefined, true, 'unknown'],
])('of a workflow that is %s: closed %s, and a writer it is %s', async (name, closed, writer) => {
  expect(await isClosed(temporal(name), 'w')).toBe(closed)
  expect(await createWriters(temporal(name))('w')).toBe(writer)
})
