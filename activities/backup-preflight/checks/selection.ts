import type { Finding } from '../../../contract/findings.ts'
import { splitTableName } from '../../../contract/names.ts'
import { selectObjects } from '../../../planning/backup/select.ts'
import { fatal, unlessScheduled, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { isGlob } from '../../../planning/glob.ts'
import { listCatalogs } from '../../../starrocks/index.ts'
import type { BackupCheck, BackupContext } from '../backup-context.ts'

/** What is named and does not exist, patterns that match nothing, and whether anything is left at all. */
export const checkSelection: BackupCheck = async (context) => {
  const { spec, wanted, existing, databases, scheduled, side, signal } = context
  const missing = unlessScheduled(scheduled)
  const findings: Finding[] = []
  const names = new Set(existing.map(({ name }) => name))
  for (const name of wanted.named.databases) {
    if (!names.has(name)) {
      findings.push(
        missing('database-missing', name, `${spec.cluster} has no database ${name}`, 'Correct the name, or create it'),
      )
    }
  }
  for (const { database, table } of wanted.named.tables) {
    if (!names.has(database)) continue
    const found = databases.find(({ name }) => name === database)
    // One that is excluded is in no list, and was asked for all the same.
    if (!found || found.objects.some(({ name }) => name === table)) continue
    const full = `${database}.${table}`
    const excluded = spec.objects.exclude.length > 0 ? ', or it is excluded' : ''
    findings.push(missing('table-missing', full, `${spec.cluster} has no table ${full}${excluded}`, 'Correct the name'))
  }
  for (const full of Array.isArray(spec.objects.functions)
    ? spec.objects.functions.filter((one) => !isGlob(one))
    : []) {
    const { database, table: name } = splitTableName(full)
    const found = databases.find((one) => one.name === database)
    if (!wanted.kind('functions') || !found || found.functions?.includes(name)) continue
    findings.push(missing('function-missing', full, `${spec.cluster} has no function ${full}`, 'Correct the name'))
  }
  findings.push(...idlePatterns(context))
  const catalogs = wanted.catalogs
    ? (await listCatalogs(side.cluster, { signal })).filter(({ external }) => external)
    : []
  for (const name of wanted.named.catalogs) {
    if (!catalogs.some((catalog) => catalog.name === name)) {
      findings.push(
        missing(
          'catalog-missing',
          name,
          `${spec.cluster} has no external catalog ${name} that the user may use`,
          'Correct the name, or grant USAGE on it',
        ),
      )
    }
  }
  const chosen = catalogs.some(({ name }) => wanted.catalog(name))
  const empty =
    databases.every(({ objects, entirely, functions }) => objects.length === 0 && !entirely && !functions?.length) &&
    !chosen
  if (empty) {
    findings.push(
      fatal(
        'nothing-selected',
        spec.cluster,
        `Nothing of ${spec.cluster} matches the spec's objects`,
        'Give databases, tables or catalogs that exist',
      ),
    )
  }
  return findings
}

/** Globs that match nothing: most often a misspelling, at times just not yet. */
function idlePatterns({ spec, existing, databases }: BackupContext): Finding[] {
  const { objects } = spec
  const alone = (part: Partial<typeof objects>) =>
    selectObjects({ ...objects, databases: [], tables: [], exclude: [], catalogs: [], functions: false, ...part })
  const idle = (pattern: string, kind: string) =>
    warning(
      'pattern-matches-nothing',
      pattern,
      `No ${kind} of ${spec.cluster} matches ${pattern}`,
      'Correct it, unless what it means is still to come',
    )
  return [
    ...objects.databases.filter(isGlob).flatMap((pattern) => {
      const { database } = alone({ databases: [pattern] })
      return existing.some(({ name }) => database(name)) ? [] : [idle(pattern, 'database')]
    }),
    ...objects.tables.filter(isGlob).flatMap((pattern) => {
      const { object } = alone({ tables: [pattern] })
      const hit = databases.some(({ name, objects: found }) => found.some((table) => object(name, table.name)))
      return hit ? [] : [idle(pattern, 'table')]
    }),
  ]
}
