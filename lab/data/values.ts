import type { LabValue } from '../model.ts'
import { LabDataError } from './errors.ts'

export type ValueKind = 'boolean' | 'small-integer' | 'integer' | 'decimal' | 'float' | 'date' | 'datetime' | 'text'

const kinds = new Map<string, ValueKind>()

/** What a column type holds, from its text (`bigint(20)`, `DECIMAL64(10, 2)`, `varchar(20)`, …). */
export function valueKind(type: string): ValueKind {
  const known = kinds.get(type)
  if (known) return known
  const word = /^[a-z0-9_]+/.exec(type.trim().toLowerCase())?.[0] ?? ''
  const kind = kindOfWord(word, type)
  kinds.set(type, kind)
  return kind
}

function kindOfWord(word: string, type: string): ValueKind {
  if (word === 'boolean' || (word === 'tinyint' && /\(\s*1\s*\)/.test(type))) return 'boolean'
  if (/^(tinyint|smallint|int|integer)$/.test(word)) return 'small-integer'
  if (/^(bigint|largeint)$/.test(word)) return 'integer'
  if (/^decimal/.test(word)) return 'decimal'
  if (/^(float|double)$/.test(word)) return 'float'
  if (word === 'date' || word === 'datev2') return 'date'
  if (/^datetime|^timestamp/.test(word)) return 'datetime'
  return 'text'
}

/**
 * The canonical form in which a backend of the lab keeps a value, so that equal values are equal texts on both clusters.
 * @throws LabDataError when the value cannot be held by the type
 */
export function normalizeValue(type: string, value: LabValue): LabValue {
  if (value === null) return null
  switch (valueKind(type)) {
    case 'boolean':
      return truth(value) ? 1 : 0
    case 'small-integer':
      return Number(integer(type, value))
    case 'integer':
      return integer(type, value).toString()
    case 'decimal':
      return decimal(type, value)
    case 'float': {
      const number = Number(value)
      if (Number.isNaN(number)) throw unfit(type, value)
      return number
    }
    case 'date':
      return date(type, String(value)).slice(0, 10)
    case 'datetime':
      return date(type, String(value))
    case 'text':
      return typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  }
}

function unfit(type: string, value: LabValue): LabDataError {
  return new LabDataError(`Invalid value '${String(value)}' for a column of type ${type}`)
}

function truth(value: LabValue): boolean {
  const text = String(value).toLowerCase()
  return text === 'true' || (/^[+-]?\d+$/.test(text) && BigInt(text) !== 0n)
}

function integer(type: string, value: LabValue): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return BigInt(Math.trunc(value))
  const text = String(value).trim()
  if (/^[+-]?\d+$/.test(text)) return BigInt(text.replace(/^\+/, ''))
  if (/^[+-]?\d*\.\d+$/.test(text)) return BigInt(text.split('.')[0] || '0')
  throw unfit(type, value)
}

function decimal(type: string, value: LabValue): string {
  const scale = Number(/\(\s*\d+\s*,\s*(\d+)\s*\)/.exec(type)?.[1] ?? '0')
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value).trim()
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text)
  if (!parts || (!parts[2] && !parts[3])) throw unfit(type, value)
  const digits = (parts[3] ?? '').padEnd(scale + 1, '0')
  let units = BigInt((parts[2] || '0') + digits.slice(0, scale))
  if (Number(digits[scale]) >= 5) units += 1n
  const whole = units.toString().padStart(scale + 1, '0')
  const sign = parts[1] === '-' && units !== 0n ? '-' : ''
  return sign + (scale === 0 ? whole : `${whole.slice(0, -scale)}.${whole.slice(-scale)}`)
}

function date(type: string, text: string): string {
  const parts = /^(\d{4})-?(\d{1,2})-?(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?$/.exec(
    text.trim(),
  )
  if (!parts) throw unfit(type, text)
  const two = (part: string | undefined) => (part ?? '0').padStart(2, '0')
  const fraction = (parts[7] ?? '').replace(/0+$/, '')
  const micros = fraction === '' ? '' : `.${fraction.padEnd(6, '0')}`
  return `${parts[1]}-${two(parts[2])}-${two(parts[3])} ${two(parts[4])}:${two(parts[5])}:${two(parts[6])}${micros}`
}

/** Order of two values of a type; NULL comes first. Values need not be normalized. */
export function compareValues(type: string, a: LabValue, b: LabValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  switch (valueKind(type)) {
    case 'boolean':
    case 'small-integer':
    case 'integer':
      return order(integer(type, a), integer(type, b))
    case 'decimal':
    case 'float':
      return order(Number(a), Number(b))
    case 'date':
    case 'datetime':
      return order(date(type, String(a)), date(type, String(b)))
    case 'text':
      return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
  }
}

function order<T extends string | number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
