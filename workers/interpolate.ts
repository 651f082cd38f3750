import { readFileSync } from 'node:fs'
import path from 'node:path'

export interface InterpolateOptions {
  env: NodeJS.ProcessEnv
  /** What relative paths of `${file:…}` are relative to. */
  directory: string
}

/**
 * Fills in `${env:NAME}` and `${file:path}` inside every text of a parsed document; `$${` stands for a plain `${`.
 * A file's last line break is dropped. Done after parsing, so that no value can change the document's structure.
 * Returns the filled-in value, and one sentence for each problem.
 */
export function interpolate(value: unknown, options: InterpolateOptions): { value: unknown; problems: string[] } {
  const problems: string[] = []
  const walk = (node: unknown, at: string): unknown => {
    if (typeof node === 'string') return fill(node, at)
    if (Array.isArray(node)) return node.map((item, index) => walk(item, `${at}.${index}`))
    if (typeof node === 'object' && node !== null) {
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, at ? `${at}.${key}` : key)]))
    }
    return node
  }
  const fill = (text: string, at: string) =>
    text.replace(/\$\$\{|\$\{([^}]*)\}/g, (whole, inner: string | undefined) => {
      if (inner === undefined) return '${'
      const colon = inner.indexOf(':')
      const [kind, name] = [inner.slice(0, colon), inner.slice(colon + 1)]
      if (kind === 'env' && name !== '') {
        const found = options.env[name]
        if (found === undefined) problems.push(`${at}: the environment variable ${name} is not set`)
        return found ?? ''
      }
      if (kind === 'file' && name !== '') {
        try {
          return readFileSync(path.resolve(options.directory, name), 'utf8').replace(/\r?\n$/, '')
        } catch (error) {
          problems.push(`${at}: ${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
          return ''
        }
      }
      problems.push(`${at}: '${whole}' is not known; write \${env:NAME} or \${file:path}, and $\${ for a plain \${`)
      return ''
    })
  return { value: walk(value, ''), problems }
}
