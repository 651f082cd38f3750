import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { InputError } from '../contract/check.ts'

/** A file's text. Throws InputError when it cannot be read. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : String(code)
    throw new InputError(file, [`cannot be read: ${why}`])
  }
}

/** A YAML (or JSON) file as plain data; nullish for an empty one. Throws InputError with line and column for text that is not YAML. */
export function readYaml(file: string): unknown {
  const document = parseDocument(readInput(file), { uniqueKeys: true, prettyErrors: true })
  if (document.errors.some(({ code }) => code === 'MULTIPLE_DOCS')) {
    throw new InputError(file, ['holds several YAML documents: put each into a file of its own (`import --out` does)'])
  }
  if (document.errors.length > 0) {
    throw new InputError(
      file,
      document.errors.map((error) => error.message.split('\n')[0]?.replace(/:$/, '') ?? error.message),
    )
  }
  return document.toJS()
}
