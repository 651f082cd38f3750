import { quoteName } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface StorageVolume {
  name: string
  type: string
  isDefault: boolean
  location: string
  /** Secrets are masked by StarRocks. */
  params: Record<string, string>
  enabled: boolean
}

/** SHOW STORAGE VOLUMES; empty on shared-nothing clusters. */
export async function listStorageVolumes(cluster: Queryable, options?: StatementOptions): Promise<string[]> {
  const { rows } = await cluster.query('SHOW STORAGE VOLUMES', options)
  return rows.map((row) => row.required('Storage Volume'))
}

/** DESC STORAGE VOLUME. Errors: `NotFound`. */
export async function describeStorageVolume(
  cluster: Queryable,
  name: string,
  options?: StatementOptions,
): Promise<StorageVolume> {
  const { rows } = await cluster.query(`DESC STORAGE VOLUME ${quoteName(name)}`, options)
  const row = rows[0]
  return {
    name: row?.get('Name') ?? name,
    type: row?.get('Type') ?? '',
    isDefault: row?.flag('IsDefault') ?? false,
    location: row?.get('Location') ?? '',
    params: readParams(row?.get('Params') ?? null),
    enabled: row?.flag('Enabled') ?? false,
  }
}

function readParams(text: string | null): Record<string, string> {
  try {
    const params: unknown = JSON.parse(text ?? '{}')
    if (typeof params !== 'object' || params === null) return {}
    return Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)]))
  } catch {
    return {}
  }
}
