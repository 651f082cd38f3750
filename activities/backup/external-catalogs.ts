import type { BackupObjects } from '../../contract/backup/objects.ts'
import { selectObjects } from '../../planning/backup/select.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'

/** The external catalogs that a spec wants: SHOW CATALOGS. `missing`: those named without wildcards that do not exist. */
export async function externalCatalogs(
  cluster: StarRocksCluster,
  objects: BackupObjects,
  signal?: AbortSignal,
): Promise<{ names: string[]; missing: string[] }> {
  const wanted = selectObjects(objects)
  const { rows } = await cluster.query('SHOW CATALOGS', { signal })
  const all = rows
    .filter((row) => (row.get('Type') ?? '').toLowerCase() !== 'internal')
    .map((row) => row.required('Catalog'))
  return {
    names: all.filter(wanted.catalog).sort(),
    missing: wanted.named.catalogs.filter((name) => !all.includes(name)),
  }
}
