import { isPart, splitMd5 } from '../layout/names.ts'
import type { StoredObject } from '../object-store.ts'
import type { Findings } from './findings.ts'

export const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e'

/** Checks the objects of one tablet by their names and sizes. `directory` is their key up to and with the last slash. */
export function checkTablet(
  directory: string,
  objects: readonly StoredObject[],
  listed: readonly string[] | undefined,
  findings: Findings,
): void {
  const md5s = new Map<string, string[]>()
  for (const { key, size } of objects) {
    const name = key.slice(directory.length)
    if (isPart(name)) {
      findings.add('part', key, 'an upload that did not end')
      continue
    }
    const parts = splitMd5(name)
    if (!parts) {
      findings.add('stray', key, 'its name has no md5, so StarRocks did not write it')
      continue
    }
    const { base, md5 } = parts
    if (size === 0 && md5 !== EMPTY_MD5) findings.add('empty', key, 'it is empty, and its name says that it is not')
    const same = md5s.get(base)
    if (same) same.push(md5)
    else md5s.set(base, [md5])
  }
  for (const [base, variants] of md5s) {
    if (variants.length === 1) continue
    findings.add('variants', directory + base, `it is there with ${variants.length} contents: ${variants.join(', ')}`)
  }
  // Primary key tablets have a file called meta instead.
  if (![...md5s.keys()].some((base) => base.endsWith('.hdr') || base === 'meta')) {
    findings.add('no-header', directory, 'the header of the tablet is missing')
  }
  for (const file of listed ?? []) {
    const { base } = splitMd5(file) ?? { base: file }
    if (!md5s.has(base)) findings.add('missing-file', directory + base, 'the manifest lists it, and it is not there')
  }
}
