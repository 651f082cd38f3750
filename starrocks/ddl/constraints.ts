import type { Rename } from './target.ts'

/**
 * unique_constraints without table names: 3.1 prints `id`, later versions `default_catalog.shop.t.id,…`. The table's own name is
 * understood, so the columns alone are taken by every version and survive renaming.
 */
export function uniqueConstraintsFor(value: string): string {
  return value
    .split(';')
    .map((constraint) =>
      constraint
        .split(',')
        .map((column) => lastPart(column.trim()))
        .filter((column) => column !== '')
        .join(','),
    )
    .filter((constraint) => constraint !== '')
    .join(';')
}

function lastPart(qualified: string): string {
  // catalog.database.table.column: a column's own dots stay, the first three parts go.
  const parts = qualified.split('.')
  return parts.length > 3 ? parts.slice(3).join('.') : qualified
}

/** foreign_key_constraints with the target's names: `(a) REFERENCES default_catalog.shop.pk(id)`, several separated by `;`. */
export function foreignKeysFor(value: string, rename: Rename): string {
  return value.replace(
    /(REFERENCES\s+default_catalog\.)([^.(;]+)\.([^.(;]+)(?=\()/gi,
    (_all, head: string, database: string, name: string) => {
      const target = rename({ database, name })
      return `${head}${target.database}.${target.name}`
    },
  )
}

/** The same constraints, in whatever order and with whatever blanks. */
export function isSameForeignKeys(a: string, b: string): boolean {
  const plain = (value: string) =>
    value
      .split(';')
      .map((constraint) =>
        constraint
          .replace(/\s+/g, ' ')
          .replace(/ ?([(),]) ?/g, '$1')
          .trim(),
      )
      .filter((constraint) => constraint !== '')
      .sort()
      .join(';')
  return plain(a) === plain(b)
}
