import type { Finding } from '../../../contract/index.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import {
  listCatalogs,
  listFunctions,
  listGlobalFunctions,
  listResourceGroups,
  listRoutineLoads,
  listUsers,
  StarRocksError,
} from '../../../starrocks/index.ts'
import { resourceGroupEntry } from '../../companion/resource-group-entry.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import { isUnreachable } from '../../metadata/failure.ts'
import type { Check, PreflightContext } from '../context.ts'

/** Two statements for each. */
const MOST_DATABASES = 100
/** What a version does not have, and what was dropped in this moment, is nothing that could be missing. */
const NONE: ReadonlySet<StarRocksError['kind']> = new Set(['Syntax', 'Unsupported', 'NotFound'])

/** What the source has and no migration takes along, by kind, with some names. What may not be listed is said to be unknown: no reason to stop. */
export const checkNotMigrated: Check = async (context) => {
  const { session, source, signal } = context
  const { cluster } = source.side
  const { selection } = session.pair
  const databases = [...session.source.databases.keys()].filter((one) => selection.includesDatabase(one))
  const looked = databases.slice(0, MOST_DATABASES)
  const ofEach = async (list: (database: string) => Promise<string[]>) =>
    (await mapConcurrently(looked, 4, (database) => list(database).catch(noneOf))).flat()
  const more =
    databases.length > looked.length ? ` (looked for in ${looked.length} of ${databases.length} databases)` : ''
  const found = await Promise.all([
    kind(context, 'functions', more, async () => [
      ...(await ofEach(async (database) =>
        (await listFunctions(cluster, database, { signal })).map(({ signature }) => `${database}.${signature}`),
      )),
      ...(await listGlobalFunctions(cluster, { signal }).catch(noneOf)).map(({ signature }) => signature),
    ]),
    kind(context, 'routine loads', more, () =>
      ofEach(async (database) =>
        (await listRoutineLoads(cluster, database, { signal })).map(({ name }) => `${database}.${name}`),
      ),
    ),
    kind(context, 'users', '', async () =>
      (await listUsers(cluster, { signal })).map(({ user }) => user).filter((user) => user !== 'root'),
    ),
    kind(context, 'resource groups', '', async () =>
      (await listResourceGroups(cluster, { signal })).flatMap((group) => resourceGroupEntry(group)?.name ?? []),
    ),
    kind(context, 'external catalogs', '', async () =>
      (await listCatalogs(cluster, { signal })).filter(({ external }) => external).map(({ name }) => name),
    ),
  ])
  return found.flat()
}

async function kind(
  { source }: PreflightContext,
  what: string,
  more: string,
  list: () => Promise<string[]>,
): Promise<Finding[]> {
  const { name, cluster } = source.side
  try {
    const names = [...new Set(await list().catch(noneOf))]
    if (names.length === 0) return []
    const message = `${name} has ${what} that are not migrated, ${names.length} in all${more}: ${someOf(names)}`
    const remedy = 'Make those that are needed on the target by hand'
    return [{ code: 'not-migrated', level: 'info', subject: what, message, remedy }]
  } catch (error) {
    if (!(error instanceof StarRocksError) || isUnreachable(error)) throw error
    const why = error.privilege ? `${cluster.options.user} lacks ${error.privilege}` : error.detail
    const message = `Whether ${name} has ${what}, which are not migrated, is unknown: ${why}`
    return [{ code: 'not-migrated-unknown', level: 'info', subject: what, message }]
  }
}

function noneOf(error: unknown): never[] {
  if (error instanceof StarRocksError && NONE.has(error.kind)) return []
  throw error
}
