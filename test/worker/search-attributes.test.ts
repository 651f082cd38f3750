import type { Connection } from '@temporalio/client'
import { expect, it } from 'vitest'
import { registerSearchAttributes } from '../../workers/search-attributes.ts'

/** As of Temporal Cloud: who has a key for a namespace may use it, and not look after it. */
function restricted(usable: boolean): Connection {
  const refuse = async () => {
    throw new Error('7 PERMISSION_DENIED: Request unauthorized.')
  }
  return {
    operatorService: { listSearchAttributes: refuse, addSearchAttributes: refuse },
    workflowService: { countWorkflowExecutions: usable ? async () => ({}) : refuse },
  } as unknown as Connection
}

it('search attributes that somebody else registered are no problem, whoever may list them', async () => {
  expect(await registerSearchAttributes(restricted(true), 'ours')).toEqual({ added: [] })
})

it('search attributes that are not there, and cannot be registered, are for a person to create', async () => {
  const { problem } = await registerSearchAttributes(restricted(false), 'ours')
  expect(problem).toMatch(
    /PERMISSION_DENIED.*temporal operator search-attribute create --namespace ours --name Starferry/,
  )
})
