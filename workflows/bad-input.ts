import { ApplicationFailure } from '@temporalio/workflow'

// A file of its own, for workflows that run by the thousand: what checks whole specs loads every schema.
export const badInput = (message: string) =>
  ApplicationFailure.create({ type: 'BadInput', message, nonRetryable: true })
