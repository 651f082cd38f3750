/** Characters of a piece, about: few enough that nobody else waits while it is made. */
const PIECE = 64 * 1024
/** So deep objects are cut: a record's tables, also where it is in an intent. */
const DEPTH = 4

/** The text of JSON.stringify, piece by piece: that of a large record need not be in memory as a whole. 64-bit numbers become text. */
export function* jsonPieces(value: unknown): Generator<string> {
  let piece = ''
  for (const part of parts(value, DEPTH)) {
    piece += part
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

function* parts(value: unknown, depth: number): Generator<string> {
  if (depth === 0 || !isPlain(value)) {
    yield toJson(value)
    return
  }
  let before = '{'
  for (const [key, one] of Object.entries(value)) {
    // As JSON.stringify does with what it has no text for.
    if (one === undefined || typeof one === 'function' || typeof one === 'symbol') continue
    yield `${before}${JSON.stringify(key)}:`
    yield* parts(one, depth - 1)
    before = ','
  }
  yield before === '{' ? '{}' : '}'
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** A function that sees each part makes it several times as slow, and large objects hardly ever hold 64-bit numbers. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
  }
}
