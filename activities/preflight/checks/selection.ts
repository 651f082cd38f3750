import type { Finding } from '../../../contract/index.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { createSelection } from '../../../planning/selection.ts'
import type { Check } from '../context.ts'

/** Patterns and renames of the spec that match nothing on the source: a slip of the pen, most likely. */
export const checkSelection: Check = ({ session, source, target, tables }) => {
  const { spec } = session.pair
  const entries = [...session.source.entries.values()]
  const findings: Finding[] = []
  const subject = source.side.name
  for (const pattern of spec.include) {
    const only = createSelection({ include: [pattern], exclude: [], rename: { databases: {}, tables: {} } })
    if (entries.some((entry) => only.includes(entry.database, entry.name))) continue
    findings.push({
      code: 'include-matches-nothing',
      level: 'warning',
      subject: pattern,
      message: `Nothing on ${subject} matches '${pattern}' of \`include\``,
      remedy: 'Names are case-sensitive; write `db`, `db.table`, or either with globs',
    })
  }
  const renamed = [
    ...Object.keys(spec.rename.databases).filter((database) => !session.source.databases.has(database)),
    ...Object.keys(spec.rename.tables).filter((table) => !session.source.entries.has(table)),
  ]
  for (const name of renamed) {
    findings.push({
      code: 'rename-matches-nothing',
      level: 'warning',
      subject: name,
      message: `${name} of \`rename\` is not among what is copied from ${subject}`,
      remedy: 'Check the name; it is case-sensitive',
    })
  }
  const { selection } = session.pair
  const extra = [...target.inventory.databases.keys()].filter((name) => {
    const from = selection.sourceDatabases(name).filter((database) => selection.includesDatabase(database))
    return (
      from.length > 0 && !selection.renamedInto.includes(name) && !from.some((one) => session.source.databases.has(one))
    )
  })
  if (extra.length > 0) {
    findings.push({
      code: 'target-only-databases',
      level: 'info',
      subject: target.side.name,
      message: `${someOf(extra)} ${extra.length === 1 ? 'is a database' : 'are databases'} that only ${target.side.name} has: left as they are, whatever \`allow\` says, unless this migration sees them on ${source.side.name} before`,
      remedy: 'Drop them yourself if they are leftovers',
    })
  }
  if (tables.length === 0) {
    findings.push({
      code: 'nothing-selected',
      level: 'warning',
      subject,
      message: `There is no table on ${subject} that the spec selects`,
      remedy: 'Check `include` and `exclude`',
    })
  }
  return findings
}
