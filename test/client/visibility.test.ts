import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'
import { isExactly, startsWith } from '../../contract/visibility.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

const TABLE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.table, 'KEYWORD')

let temporal: TestTemporal
beforeAll(async () => {
  temporal = await startTemporal()
})
afterAll(() => temporal?.stop())

const TEXTS = [
  ...[
    "it's",
    "' OR WorkflowId != '",
    'two "words"',
    '表 𠮷',
    '`a`; --',
    '100 % _',
    'back\\slash',
    'last\\',
    "\\'",
    "\\' OR '",
  ],
  ...['tab\there', 'plain'],
]

test.each(TEXTS)('a workflow called %j is found, as what it is and by how it begins', async (text) => {
  const workflowId = `n/${text}`
  const typedSearchAttributes = new TypedSearchAttributes([{ key: TABLE, value: text }])
  await temporal.client.workflow.start('nobody', { workflowId, taskQueue: 'nowhere', typedSearchAttributes })
  const found = (query: string) =>
    until(
      'it is listed',
      async () => {
        for await (const one of temporal.client.workflow.list({ query })) if (one.workflowId === workflowId) return true
        return false
      },
      { withinMs: 60_000 },
    )
  await found(isExactly('WorkflowId', workflowId))
  await found(startsWith('WorkflowId', workflowId))
  await found(isExactly(TABLE.name, text))
})

test('others are not found by names that can be said', async () => {
  const ids: string[] = []
  for await (const { workflowId } of temporal.client.workflow.list({ query: isExactly('WorkflowId', 'n/plain') })) {
    ids.push(workflowId)
  }
  expect(ids).toEqual(['n/plain'])
})
