/** A frontend's version. A main build, or a text that none of the known forms fits, counts as newest. */
export interface Version {
  text: string
  major: number
  minor: number
  /** Infinity when the build does not say its patch level (`3.3-d0db2c0`). */
  patch: number
  /** Whether numbers could be read from the text; otherwise probe capabilities instead of comparing. */
  known: boolean
}

/** Reads `3.3.3-d0db2c0`, `2.5.12 9b9ac51`, `3.3-d0db2c0-d0db2c0`, `MAIN-RELEASE 5cd95e7`, `main-44a1678`. */
export function parseVersion(text: string): Version {
  const match = /^\s*v?(\d+)\.(\d+)(?:\.(\d+))?/i.exec(text)
  if (!match) return { text, major: Infinity, minor: Infinity, patch: Infinity, known: false }
  const [, major, minor, patch] = match
  return {
    text,
    major: Number(major),
    minor: Number(minor),
    patch: patch === undefined ? Infinity : Number(patch),
    known: true,
  }
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`. */
export function compareVersions(
  a: Pick<Version, 'major' | 'minor' | 'patch'>,
  b: Pick<Version, 'major' | 'minor' | 'patch'>,
) {
  return order(a.major, b.major) || order(a.minor, b.minor) || order(a.patch, b.patch)
}

/** Whether `version` is `major.minor[.patch]` or newer. */
export function isAtLeast(version: Version, major: number, minor: number, patch = 0): boolean {
  return compareVersions(version, { major, minor, patch }) >= 0
}

function order(a: number, b: number): number {
  // Not a − b: Infinity − Infinity is not a number.
  return a === b ? 0 : a < b ? -1 : 1
}
