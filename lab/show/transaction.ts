import type { LabDatabase } from '../model.ts'
import type { LabResult, LabSqlContext } from '../sql/context.ts'
import { analysisFailure, oldShowFailure } from '../sql/errors.ts'
import { byName } from './format.ts'
import { transactionRow } from './transactions.ts'

/** SHOW TRANSACTION [FROM db] WHERE id = n. */
export const showTransaction = (
  context: LabSqlContext,
  database: () => LabDatabase,
  filter: { id?: string },
): LabResult => {
  if (filter.id === undefined)
    throw analysisFailure('Where clause should looks like: ID = $transaction_id', 5064, '42000')
  const db = database()
  const found = context.state.transactions.filter((t) => t.dbId === db.id && String(t.id) === filter.id)
  if (found.length === 0) throw oldShowFailure(context, `transaction with id ${filter.id} does not exist`)
  return byName(
    context,
    'transaction',
    found.map((t) => transactionRow(context, t)),
  )
}
