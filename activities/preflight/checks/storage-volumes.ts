import type { Finding } from '../../../contract/index.ts'
import { listStorageVolumes, StarRocksError, showCreateDatabase } from '../../../starrocks/index.ts'
import { grant } from '../connect.ts'
import type { Check } from '../context.ts'

/** Storage volumes that a shared-data target must have: the one of the spec, and one for each volume of a shared-data source. */
export const checkStorageVolumes: Check = async ({ session, source, target, signal }) => {
  if (target.side.runMode !== 'shared_data') return []
  const { cluster, name } = target.side
  let volumes: Set<string>
  try {
    volumes = new Set(await listStorageVolumes(cluster, { signal }))
  } catch (error) {
    if (!(error instanceof StarRocksError) || error.kind !== 'Denied') throw error
    return [
      {
        code: 'privilege-missing',
        level: 'fatal',
        subject: name,
        message: `${cluster.options.user} may not see the storage volumes of ${name}: ${error.detail}`,
        remedy: grant(cluster.options.user, error.privilege),
      },
    ]
  }
  const missing = (volume: string, why: string): Finding[] =>
    volumes.has(volume)
      ? []
      : [
          {
            code: 'storage-volume-missing',
            level: 'fatal',
            subject: name,
            message: `${name} has no storage volume ${volume}: ${why}`,
            remedy: `Create it on the target (CREATE STORAGE VOLUME), or check the name; there are ${[...volumes].join(', ')}`,
          },
        ]
  const placed = session.pair.spec.placement.storageVolume
  const findings = placed === undefined ? [] : missing(placed, 'placement.storageVolume names it')
  if (source.side.runMode !== 'shared_data') return findings
  const used = new Set<string>()
  for (const database of session.source.databases.keys()) {
    if (!session.pair.selection.includesDatabase(database)) continue
    const text = await showCreateDatabase(source.side.cluster, database, { signal })
    const volume = /"storage_volume"\s*=\s*"([^"]+)"/.exec(text)?.[1]
    if (volume !== undefined) used.add(volume)
  }
  const needed = [...used].flatMap((volume) =>
    missing(
      `src_${volume}`,
      `it must point at the source's volume ${volume}, so that the target's nodes can read its objects`,
    ),
  )
  return [...findings, ...needed]
}
