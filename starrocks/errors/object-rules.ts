import type { Rule } from './rule.ts'

/** What the groups caught; some texts end the name with a full stop. */
const named = (match: RegExpExecArray) =>
  match
    .slice(1)
    .filter((name) => name !== undefined)
    .map((name) => name.replace(/\.+$/, ''))

/** Texts of `Unknown properties: {a=1, b=2}`; values may hold commas and braces, keys may not. */
function propertyNames(match: RegExpExecArray): string[] {
  const keys = [...(match[1] ?? '').matchAll(/(?:^|,\s*)([\w.]+)=/g)]
  return keys.map((key) => key[1] ?? '')
}

/** What is missing, what is there already, what is busy, and what cannot be. */
export const objectRules: readonly Rule[] = [
  { text: /Unknown properties: \{([\s\S]*)\}/, kind: 'UnknownProperties', names: propertyNames },
  { text: /Property (\w+) not support/, kind: 'UnknownProperties', names: named },

  {
    text: /Getting syntax error|^Syntax error|No viable statement|^Unexpected input|Unsupported expr|Cannot invoke "org\.antlr/,
    kind: 'Syntax',
  },

  // One job per object at a time.
  { text: /A materialized view or rollup index is being created/, kind: 'Busy', retryAfterMs: 10_000 },
  { text: /Do not allow doing ALTER ops/, kind: 'Busy', retryAfterMs: 10_000 },
  {
    text: /There is (already )?(a|an|some) .*(job|operation).*(running|progress)|is under .*change|another (job|operation) .*running/i,
    kind: 'Busy',
    retryAfterMs: 10_000,
  },

  // Before the general texts: these say “does not exist” and “already exist” about other things.
  {
    text: /Config '(.+?)' does not exist or is not mutable/,
    kind: 'Refused',
    names: named,
    remedy: 'This version has no such setting, or takes it only from fe.conf',
  },
  { text: /^execute task .* failed: Refresh/, kind: 'Aborted' },

  // A node that older versions do not have stands directly under the root; below it, ids may be wrong.
  { text: /Unknown proc node path: (\/\w+)\.?(?: msg: .*)?$/, kind: 'Unsupported', names: named },
  {
    text: /Unknown proc node path: (\S+?)\.? msg: (Cannot find path|.* is not a directory|Not implemented yet)/,
    kind: 'Unsupported',
    names: (match) => [match[1] ?? ''],
  },
  {
    text: /Unknown proc node path: .*does not have temp partitions|Unknown proc node path: .*is not a OLAP/,
    kind: 'Refused',
  },
  { text: /Unknown proc node path: (\S+)/, kind: 'NotFound', names: named },

  { text: /^Unknown database '(.+?)'/, kind: 'NotFound', names: named },
  { text: /Can't drop database '(.+?)'.*exist/, kind: 'NotFound', names: named },
  { text: /^Unknown table '(.+?)'/, kind: 'NotFound', names: named },
  { text: /^Table (\S.*?) is not found/, kind: 'NotFound', names: named },
  { text: /^Table (\S+) does not exist or is not/, kind: 'NotFound', names: named },
  { text: /^Table\[(.+?)\] does not exists? or is not/, kind: 'NotFound', names: named },
  { text: /Unknown partition '(.+?)'/, kind: 'NotFound', names: named },
  { text: /Error in list of partitions to \[?(.+?)\]?$/, kind: 'NotFound', names: named },
  { text: /partition\[(.+?)\] does not exist/, kind: 'NotFound', names: named },
  {
    text: /Unknown catalog '(.+?)'|Catalog '(.+?)' doesn't exist|Can not find restore catalog: (\S+)|external catalog (\S+) does not existed/,
    kind: 'NotFound',
    names: named,
  },
  { text: /Unknown storage volume:? "?([^"]+?)"?\.?$/, kind: 'NotFound', names: named },
  {
    text: /Unknown function '(.+?)'|Can not find (?:materialized view|function):? ?(\S+)|No matching function/,
    kind: 'NotFound',
    names: named,
  },
  {
    text: /Unknown (?:thread id|broker name)|Unknown system variable '(.+?)'|failed to get address of broker/,
    kind: 'NotFound',
    names: named,
  },
  { text: /Column '(.+?)' cannot be resolved/, kind: 'NotFound', names: named },
  {
    text: /databaseTransactionMgr\[(\d+)\] does not exist|transaction with id (\d+) does not exist|transaction not found: ?(\S*)|No label selected/,
    kind: 'NotFound',
    names: named,
  },
  { text: /(?:cannot find|Can't find|can not find) (?:db|table|function|role|user|catalog)\b/i, kind: 'NotFound' },
  { text: /There is no (?:such grant|running job)/, kind: 'NotFound' },
  {
    text: /does not exist in snapshot|is not existed in snapshot|Failed to get info of snapshot|Expected one file with path/,
    kind: 'NotFound',
  },
  { text: /\bdo(es)? not exists?\b|doesn't exist|\bnot exists?\b|\bnot found\b/i, kind: 'NotFound' },

  { text: /Can't create database '(.+?)'; database exists/, kind: 'AlreadyExists', names: named },
  { text: /Duplicate partition name (\S+?)\.?$/, kind: 'AlreadyExists', names: named },
  { text: /already exists?\b|already been? used|is already used|already exist /i, kind: 'AlreadyExists' },
  { text: /Can not add column which already exists/, kind: 'AlreadyExists' },

  {
    text: /Table replication num should be less than/,
    kind: 'Refused',
    remedy: 'Ask for fewer replicas, or add backends',
  },
  {
    text: /is not implemented|not supported|[Uu]nsupported|does not support|do(es)? not allow|Not support|only support/i,
    kind: 'Unsupported',
  },
]
