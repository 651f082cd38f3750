import { Context } from '@temporalio/activity'
import type { BackupSpec } from '../../contract/backup/policy.ts'
import { selectObjects } from '../../planning/backup/select.ts'
import { listDatabases } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { asFailure } from '../failures.ts'
import { beating } from '../heartbeat.ts'

export interface DatabasePage {
  /** Sorted; empty text: the external catalogs. */
  databases: string[]
  /** More come after the last one. */
  more: boolean
  /** With the first page: databases that are named, and do not exist. */
  missing: string[]
  /** With the first page: of all pages together. */
  total: number
}

/** A page goes through a workflow's history. */
const PAGE_BYTES = 24 * 1024

/** Databases of which a spec wants anything, by name, page by page. */
export async function backupDatabases(
  deps: Dependencies,
  { spec, after }: { spec: BackupSpec; after?: string },
): Promise<DatabasePage> {
  const signal = Context.current().cancellationSignal
  return beating(async () => {
    const wanted = selectObjects(spec.objects)
    const all = await listDatabases(deps.cluster(spec.cluster).cluster, { signal }).catch((error: unknown) => {
      throw asFailure(error, `listing the databases of ${spec.cluster}`)
    })
    const names = all.map(({ name }) => name)
    const chosen = names.filter(wanted.database)
    // Before all others: the empty name is the smallest.
    if (wanted.catalogs) chosen.push('')
    const rest = chosen.sort(compare).filter((name) => after === undefined || name > after)
    const page: string[] = []
    let bytes = 0
    for (const name of rest) {
      bytes += Buffer.byteLength(name) + 4
      if (page.length > 0 && bytes > PAGE_BYTES) break
      page.push(name)
    }
    const first = after === undefined
    return {
      databases: page,
      more: page.length < rest.length,
      missing: first ? wanted.named.databases.filter((name) => !names.includes(name)) : [],
      total: first ? chosen.length : 0,
    }
  })
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
