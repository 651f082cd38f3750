import type { Client } from '@temporalio/client'
import { expect, test } from 'vitest'
import { RequestError } from '../../client/errors.ts'
import { WorkflowCalls } from '../../client/workflow-calls.ts'
import { onTemporal } from '../support/on-temporal.ts'

const on = onTemporal()

class Calls extends WorkflowCalls {
  constructor(client: Client) {
    super(client, (name) => name)
  }

  ask(type: string): Promise<unknown> {
    return this.run(type, { id: 'question', summary: 'A question' }, {})
  }

  protected async notFound(name: string): Promise<RequestError> {
    return new RequestError(name)
  }
}

test('what no worker can run is said, and not left to be tried for ever', async () => {
  await expect(new Calls(on.temporal.client).ask('nope')).rejects.toThrow(/The worker cannot run 'nope'/)
  const found: string[] = []
  for await (const { workflowId } of on.temporal.client.workflow.list({ query: "WorkflowType = 'nope'" })) {
    found.push((await on.temporal.client.workflow.getHandle(workflowId).describe()).status.name)
  }
  expect(found).toEqual(['TERMINATED'])
})

test('what has begun is never terminated, whatever the worker can no longer do', async () => {
  let terminated = 0
  const handle = {
    workflowId: 'question/1',
    result: () => new Promise(() => undefined),
    describe: async () => ({ raw: { pendingWorkflowTask: { attempt: 9 } }, historyLength: 11 }),
    terminate: async () => {
      terminated++
    },
  }
  const client = { workflow: { start: async () => handle } } as unknown as Client
  await expect(new Calls(client).ask('verifyBackups')).rejects.toThrow(/What was begun is kept as question\/1/)
  expect(terminated).toBe(0)
})
