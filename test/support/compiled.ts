import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Plugin } from 'vitest/config'

const root = path.resolve(import.meta.dirname, '../..')
const { include } = JSON.parse(readFileSync(path.join(root, 'tsconfig.json'), 'utf8')) as { include: string[] }

/**
 * What tests import of our own is what the build made of it: the code that users run, loaded by Node itself, which takes a sixth of the time that the
 * test runner takes to do it. `test/global-setup.ts` brings it up to date.
 */
export const compiled: Plugin = {
  name: 'compiled',
  enforce: 'pre',
  resolveId(source, importer) {
    if (!importer || !/^\..*\.ts$/.test(source)) return null
    const file = path.relative(root, path.resolve(path.dirname(importer), source))
    if (!include.includes(file.split(path.sep)[0] ?? '')) return null
    return path.join(root, 'dist', file.replace(/\.ts$/, '.js'))
  },
}
