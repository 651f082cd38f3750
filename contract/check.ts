import type { z } from 'zod'

/** Bad input: one clear sentence a problem, each naming the key. Nothing has been changed when this is thrown. */
export class InputError extends Error {
  override name = 'InputError'
  readonly problems: string[]
  constructor(what: string, problems: string[]) {
    super(problems.length === 1 ? `${what}: ${problems[0]}` : `${what}:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.problems = problems
  }
}

/** The value checked against the schema, defaults filled in. Throws InputError; an unknown key is named together with the nearest valid one. */
export function check<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new InputError(what, problemsOf(schema, result.error.issues, value))
}

/** One sentence for each key that is none of these: of an object around what a schema checks. Of what is no object, that. */
export function unknownKeys(value: object, known: readonly string[]): string[] {
  if (typeof value !== 'object' || Array.isArray(value)) return [`give an object with ${known.join(', ')}`]
  return Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => unknownKey(key, known, ''))
}

/** One sentence for each problem. */
function problemsOf(schema: z.ZodType, issues: readonly z.core.$ZodIssue[], value: unknown): string[] {
  return issues.flatMap((issue) => {
    const at = issue.path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path)
      return issue.keys.map((key) => unknownKey(key, known, at))
    }
    if (issue.path.length > 0 && issue.code !== 'custom' && isMissing(value, issue.path)) return [`${at} is missing`]
    if (issue.code === 'invalid_union') {
      // The form that was meant has its mistakes further inside.
      const meant = issue.errors.find((inner) => inner.every((one) => one.path.length > 0 || 'keys' in one))
      if (meant) {
        const within = meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
        return problemsOf(schema, within, value)
      }
    }
    const message = messageOf(issue)
    return [at ? `${at}: ${message}` : message]
  })
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    // What is wrong with a key of a record is told inside.
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message
    case 'invalid_union':
      return (
        [...new Set(issue.errors.flat().map(({ message }) => message.replace(/^Invalid input: /, '')))].join(
          ', or: ',
        ) || issue.message
      )
    default:
      return issue.message
  }
}

function unknownKey(key: string, known: readonly string[], at: string): string {
  const near = nearest(key, known)
  return `unknown key '${at ? `${at}.` : ''}${key}'${near ? `; the nearest valid one is '${near}'` : ''}`
}

function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return false
    here = (here as Record<PropertyKey, unknown>)[step]
  }
  return here === undefined
}

/** The word of `candidates` that takes the fewest edits to reach, if it is near enough to be what was meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(3, Math.ceil(word.length / 2)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The keys that an object schema allows at a path; records and arrays are walked through. */
function keysAt(schema: z.ZodType, path: PropertyKey[]): string[] {
  let here: unknown = unwrap(schema)
  for (const step of path) {
    const def = defOf(here)
    if (def?.shape) here = unwrap(def.shape[String(step)])
    else if (def?.valueType) here = unwrap(def.valueType)
    else if (def?.element) here = unwrap(def.element)
    else return []
  }
  return shapesOf(here)
}

/** Of a union those of all its forms. */
function shapesOf(schema: unknown): string[] {
  const { shape = {}, options = [] } = defOf(schema) ?? {}
  return [...new Set([...Object.keys(shape), ...options.flatMap((option) => shapesOf(unwrap(option)))])]
}

interface Def {
  innerType?: unknown
  in?: unknown
  shape?: Record<string, unknown>
  valueType?: unknown
  element?: unknown
  options?: readonly unknown[]
}

const defOf = (schema: unknown): Def | undefined => (schema as { def?: Def } | undefined)?.def

function unwrap(schema: unknown): unknown {
  const def = defOf(schema)
  const inner = def?.innerType ?? def?.in
  return inner ? unwrap(inner) : schema
}
