import type { LabRunMode, LabVersion } from '../model.ts'
import type { LabProfile, LabProfileData } from './profile.ts'
import { profileV31 } from './v31.ts'
import { profileV33 } from './v33.ts'
import { profileV35 } from './v35.ts'
import { profileV41 } from './v41.ts'
import { profileV41SharedData } from './v41-shared-data.ts'

export type { LabProfile } from './profile.ts'

const order: LabVersion[] = ['3.1', '3.3', '3.5', '4.1']

/** The answers of a release line. Only 4.1 knows the shared-data mode. */
export const labProfile = (version: LabVersion, runMode: LabRunMode): LabProfile => {
  if (runMode === 'shared_data' && version !== '4.1')
    throw new Error(`The lab knows shared-data clusters of 4.1 only, not of ${version}`)
  const data: Record<LabVersion, LabProfileData> = {
    '3.1': profileV31,
    '3.3': profileV33,
    '3.5': profileV35,
    '4.1': runMode === 'shared_data' ? profileV41SharedData : profileV41,
  }
  const at = order.indexOf(version)
  return {
    version,
    runMode,
    mysqlVersion: at < 2 ? '5.1.0' : '8.0.33',
    timeOffsetMinutes: version === '4.1' ? 480 : 0,
    atLeast: (other) => at >= order.indexOf(other),
    ...data[version],
  }
}
