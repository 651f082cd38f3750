import { type LabResult, type LabSqlContext, table } from '../sql/context.ts'
import { analysisFailure } from '../sql/errors.ts'

/** SHOW STORAGE VOLUMES, and with a name DESC STORAGE VOLUME. */
export const showStorageVolumes = (context: LabSqlContext, pattern: RegExp | undefined, name?: string): LabResult => {
  const volumes = [...context.state.storageVolumes]
  if (name === undefined) {
    return table(
      ['Storage Volume'],
      volumes.filter(([v]) => pattern?.test(v) ?? true).map(([v]) => [v]),
    )
  }
  const found = context.state.storageVolumes.get(name)
  if (!found) throw analysisFailure(`Unknown storage volume: ${name}`)
  return table(
    ['Name', 'Type', 'IsDefault', 'Location', 'Params', 'Enabled', 'Comment'],
    [[name, found.type, String(found.isDefault), found.location, found.params, String(found.enabled), found.comment]],
  )
}
