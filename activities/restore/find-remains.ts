import { listDatabases, quoteName, quoteQualified, type Table } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { hashesOfRunning } from '../repository/running-restores.ts'

const MADE = /__sf_([a-z0-9]{6})$/
const MOST = 10

/**
 * What restores that were terminated have left beside the live objects: scratch databases, and tables that waited for a live name. Those of restores that
 * run are not meant; where these cannot be listed, nothing is said. Sentences with the statement that removes it. Errors: StarRocksError.
 */
export async function findRemains(
  { client, cluster }: Pick<Dependencies, 'client' | 'cluster'>,
  target: { cluster: string; database: string; objects: ReadonlyMap<string, Table> | undefined },
  signal?: AbortSignal,
): Promise<string[]> {
  const session = cluster(target.cluster).cluster
  const databases = (await listDatabases(session, { signal })).map(({ name }) => name)
  const found = [
    ...databases.map((name) => ({ name, drop: `DROP DATABASE ${quoteName(name)}` })),
    ...[...(target.objects?.keys() ?? [])].map((name) => ({
      name,
      drop: `DROP TABLE ${quoteQualified(target.database, name)}`,
    })),
  ].flatMap((one) => {
    const [, hash] = MADE.exec(one.name) ?? []
    return hash === undefined ? [] : [{ ...one, hash }]
  })
  if (found.length === 0) return []
  const running = await hashesOfRunning(client)
  if (!running) return []
  return found
    .filter(({ hash }) => !running.has(hash))
    .slice(0, MOST)
    .map(({ name, drop }) => `${name} was made by a restore that runs no more: if nobody needs it, ${drop}`)
}
