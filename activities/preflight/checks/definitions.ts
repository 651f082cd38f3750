import type { Finding } from '../../../contract/index.ts'
import type { PreflightContext } from '../context.ts'

/** What the tables' definitions add up to, beside the findings of each. */
export interface Sums {
  /** Tables with a SUM over a DECIMAL of less than 38 digits. */
  narrowSums: number
  autoIncrement: string[]
  generated: string[]
  bundled: string[]
}

/** What can be said only of all tables together. */
export const aboutDefinitions = (context: PreflightContext, sums: Sums): Finding[] => [
  ...aboutGenerated(context, sums),
  ...aboutAutoIncrement(context, sums),
  ...aboutBundled(context, sums),
]

function aboutGenerated({ source, target }: PreflightContext, sums: Sums): Finding[] {
  if (target.side.runMode !== 'shared_data' || source.side.runMode === 'shared_data' || sums.generated.length === 0)
    return []
  return [
    {
      code: 'bug-generated-columns',
      level: 'warning',
      subject: target.side.name,
      message: `${some(sums.generated)} have generated columns; values of such a column that was added to a table with rows, and column-mode partial updates, are lost on shared-data targets without StarRocks pull request 69339`,
      remedy: 'Compare these columns after the migration, or copy these tables by INSERT',
    },
  ]
}

function aboutAutoIncrement({ target }: PreflightContext, sums: Sums): Finding[] {
  if (sums.autoIncrement.length === 0) return []
  return [
    {
      code: 'auto-increment',
      level: 'info',
      subject: target.side.name,
      message: `${some(sums.autoIncrement)} have AUTO_INCREMENT columns; the counter is not copied and starts from 1 on the target`,
      remedy: 'Before writing to the target, raise it: ALTER TABLE … AUTO_INCREMENT = n (3.5 and later)',
    },
  ]
}

function aboutBundled({ source, target }: PreflightContext, sums: Sums): Finding[] {
  if (source.side.runMode !== 'shared_data' || sums.bundled.length === 0) return []
  return [
    {
      code: 'file-bundling-unproven',
      level: 'warning',
      subject: target.side.name,
      message: `${some(sums.bundled)} bundle their files, which nodes of 4.1 before August 2026 cannot read from another cluster`,
      remedy: 'Try one of them first; upgrade the target if its jobs abort',
    },
  ]
}

const some = (tables: readonly string[]) =>
  tables.length > 3 ? `${tables.slice(0, 3).join(', ')} and ${tables.length - 3} more tables` : tables.join(', ')
