import type { Version } from '../version.ts'

/** Builds that do not tell their patch level (`3.3-d0db2c0`) may lie before or after a change that was backported: try, and look. */
export type Support = boolean | 'unknown'

/** First patch of a release line that has a change; undefined where it came with some patch that nobody wrote down. */
export type Line = readonly [major: number, minor: number, patch: number | undefined]

/**
 * Whether a version has a change, by the release lines that it was made or backported to, oldest first. Lines older than all of these do not
 * have it, newer ones do; a main build counts as newest.
 */
export function since(version: Version, lines: readonly Line[]): Support {
  const own = lines.find(([major, minor]) => major === version.major && minor === version.minor)
  if (!own)
    return lines.some(([major, minor]) => isNewerLine(version, major, minor)) && !olderThanNewest(version, lines)
  const patch = own[2]
  if (patch === 0) return true
  if (patch === undefined || version.patch === Number.POSITIVE_INFINITY) return 'unknown'
  return version.patch >= patch
}

function isNewerLine(version: Version, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor > minor)
}

/** A line between two that were told of has nothing: there was no backport to it. */
function olderThanNewest(version: Version, lines: readonly Line[]): boolean {
  const newest = lines.at(-1)
  return newest !== undefined && !isNewerLine(version, newest[0], newest[1])
}
