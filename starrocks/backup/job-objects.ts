/** An object as a job's row names it. StarRocks does not say of what kind it is. */
export interface JobObject {
  name: string
  partitions?: string[]
}

/**
 * BackupObjs of SHOW BACKUP: `[db.t1PARTITIONS (p1, p2)], [db.t2]`, in 4.1 `[db.t1PARTITIONS (p1) AS t1]`. Text for people: names that hold
 * brackets, commas or `PARTITIONS` cannot be told apart. Functions and catalogs are not in it.
 */
export function readBackupObjects(text: string, database: string): JobObject[] {
  const parts = text
    .trim()
    .replace(/^\[/, '')
    .replace(/\]$/, '')
    .split(/\],\s*\[/)
  return parts.filter((part) => part !== '').map((part) => readObject(part, database))
}

function readObject(text: string, database: string): JobObject {
  const match = /^(.*?)\s*PARTITIONS \(([^()]*)\)(?: AS .*)?$/s.exec(text)
  const name = match?.[1] ?? text.replace(/ AS \S+$/, '')
  const bare = database !== '' && name.startsWith(`${database}.`) ? name.slice(database.length + 1) : afterDot(name)
  return match ? { name: bare, partitions: list(match[2] ?? '') } : { name: bare }
}

/** RestoreObjs of SHOW RESTORE: `t1 PARTITIONS [p1, p2], t2`. */
export function readRestoreObjects(text: string): JobObject[] {
  const items = text.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? []
  return items
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const match = /^(.*) PARTITIONS \[([^\]]*)\]$/s.exec(item)
      return match ? { name: match[1] ?? '', partitions: list(match[2] ?? '') } : { name: item }
    })
}

function list(text: string): string[] {
  return text.split(',').flatMap((name) => name.trim() || [])
}

/** The database's name in the text is that of the moment of the backup: after a rename it is another one than the row's. */
function afterDot(name: string): string {
  return name.includes('.') ? name.slice(name.indexOf('.') + 1) : name
}
