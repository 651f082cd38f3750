import type { BackupObjects } from '../../contract/backup/objects.ts'
import { TABLE_NAME } from '../../contract/names.ts'
import { expandBraces } from '../glob.ts'

/** Whether there is nothing at all that could be backed up. */
export const namesNothing = ({ databases, tables, catalogs, functions }: BackupObjects): boolean =>
  [databases, tables, catalogs, listOf(functions)].every(({ length }) => length === 0)

/** Why no backup can be made of these, one sentence for each problem, naming the key. Where there is none, `selectObjects` takes them. */
export function objectProblems(objects: BackupObjects): string[] {
  if (namesNothing(objects)) {
    return [
      'it names nothing to back up: give objects.databases, objects.tables, objects.functions or objects.catalogs (globs are fine)',
    ]
  }
  const { tables, functions, exclude } = objects
  return [
    ...problemsOf('tables', tables, isName),
    ...problemsOf('functions', listOf(functions), isName),
    ...problemsOf('exclude', exclude, (pattern) => !pattern.includes('.') || isName(pattern), 'database or '),
  ]
}

const listOf = (functions: BackupObjects['functions']) => (Array.isArray(functions) ? functions : [])

const isName = (pattern: string) => TABLE_NAME.test(pattern)

function problemsOf(key: string, patterns: readonly string[], fits: (pattern: string) => boolean, or = ''): string[] {
  return patterns.flatMap((pattern) => {
    const bad = expandBraces(pattern).find((each) => !fits(each))
    return bad === undefined
      ? []
      : [`objects.${key}: '${bad}' is no name of an object: write it as ${or}database.name, globs allowed`]
  })
}
