import type { LabState } from '../model.ts'

/** The storage volume of whatever names none; shared-data clusters always have one. */
export const defaultVolume = (state: LabState): string => {
  for (const [name, volume] of state.storageVolumes) if (volume.isDefault) return name
  return 'builtin_storage_volume'
}
