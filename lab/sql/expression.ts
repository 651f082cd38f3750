/** Expressions and queries as the parser reads them. `start`/`end` are offsets in the statement's text. */
export type Expression =
  | { kind: 'string'; value: string }
  | { kind: 'number'; text: string }
  | { kind: 'null' }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'column'; path: string[] }
  | { kind: 'star'; path: string[] }
  | { kind: 'variable'; scope: 'SESSION' | 'GLOBAL' | ''; name: string }
  | { kind: 'call'; name: string; args: Expression[]; distinct: boolean }
  | { kind: 'unary'; op: '-' | 'NOT' | '+' | '~'; arg: Expression }
  | { kind: 'binary'; op: string; left: Expression; right: Expression }
  | { kind: 'is-null'; arg: Expression; not: boolean }
  | { kind: 'in'; arg: Expression; list: Expression[]; not: boolean }
  | { kind: 'between'; arg: Expression; low: Expression; high: Expression; not: boolean }
  | { kind: 'like'; arg: Expression; pattern: Expression; not: boolean; regexp: boolean }
  | { kind: 'case'; operand?: Expression; whens: [Expression, Expression][]; otherwise?: Expression }
  | { kind: 'cast'; arg: Expression; type: string }
  | { kind: 'interval'; count: Expression; unit: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'subquery'; query: Query }

export interface SelectItem {
  expression: Expression
  alias?: string
  /** As typed, for a column's default name. */
  text: string
}

export type Relation =
  | { kind: 'table'; database?: string; name: string; alias?: string; partitions?: string[] }
  | { kind: 'subquery'; query: Query; alias: string }
  | { kind: 'join'; type: string; left: Relation; right: Relation; on?: Expression }

export interface Select {
  kind: 'select'
  distinct: boolean
  items: SelectItem[]
  from?: Relation
  where?: Expression
  groupBy: Expression[]
  having?: Expression
}

export interface Query {
  with: { name: string; columns: string[]; query: Query }[]
  body: Select | { kind: 'union'; all: boolean; left: Query['body']; right: Query['body'] }
  orderBy: { expression: Expression; descending: boolean }[]
  limit?: number
  offset?: number
  start: number
  end: number
}
