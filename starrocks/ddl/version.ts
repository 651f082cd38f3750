import type { Version } from '../version.ts'

/** What the DDL reader and writer need to know of a frontend's version. */
export type DdlVersion = Pick<Version, 'major' | 'minor'>

/** The two run modes as `run_mode` prints them. */
export type RunMode = 'shared_nothing' | 'shared_data'

/** Whether `version` is of the line `major.minor` or newer. */
export function atLeast(version: DdlVersion, major: number, minor: number): boolean {
  return version.major !== major ? version.major > major : version.minor >= minor
}
