import type { LabState, LabTablet, LabValue } from '../model.ts'
import { md5Of, splitMd5, type TabletPath, tableContentFolder, tabletFolder } from './layout.ts'
import type { RepositoryFiles } from './repository-files.ts'
import { rowsOfFiles, type TabletFile } from './tablet-files.ts'

/** A disk that is fuller than this takes no files (`storage_flood_stage_usage_percent`). */
const FLOOD = 0.95

/** Fetches tablets out of one snapshot; listings are made once for each table, and again after something was missing. */
export class Downloads {
  readonly #files: RepositoryFiles
  readonly #label: string
  readonly #listings = new Map<string, Promise<Map<string, string[]>>>()
  /** What came, by the tablet that it is for. */
  readonly rows = new Map<LabTablet, LabValue[][]>()

  constructor(files: RepositoryFiles, label: string) {
    this.#files = files
    this.#label = label
  }

  /** @throws Error with what the backend reports */
  async fetch(state: LabState, backendId: bigint, path: TabletPath, to: LabTablet): Promise<void> {
    const node = state.nodes.find((one) => one.id === backendId)
    if (node && node.diskUsed / node.diskTotal >= FLOOD) throw new Error('capacity limit reached')
    const snapshot = this.#files.folder(this.#label)
    const folder = tabletFolder(snapshot, path)
    const table = tableContentFolder(snapshot, path)
    try {
      const names = (await this.#listing(table)).get(folder)
      if (!names || names.length === 0)
        throw new Error(`get nothing from remote path: ${this.#files.location}/${folder}`)
      this.rows.set(to, rowsOfFiles(path.tabletId, await this.#read(folder, names)))
    } catch (error) {
      this.#listings.delete(table)
      throw error
    }
  }

  #listing(table: string): Promise<Map<string, string[]>> {
    const known = this.#listings.get(table)
    if (known) return known
    const listing = this.#files.store.list(`${table}/`).then((objects) => {
      const folders = new Map<string, string[]>()
      for (const { key } of objects) {
        const at = key.lastIndexOf('/')
        const folder = key.slice(0, at)
        const names = folders.get(folder)
        if (names) names.push(key.slice(at + 1))
        else folders.set(folder, [key.slice(at + 1)])
      }
      return folders
    })
    this.#listings.set(table, listing)
    return listing
  }

  /** Of two files of one name, a backend takes the one that it sees last. */
  async #read(folder: string, names: readonly string[]): Promise<TabletFile[]> {
    const byBase = new Map<string, string>()
    for (const name of names) {
      const split = splitMd5(name)
      if (split) byBase.set(split.base, name)
    }
    const files: TabletFile[] = []
    for (const [base, name] of byBase) {
      const content = await this.#files.store.get(`${folder}/${name}`)
      if (!content) throw new Error(`get nothing from remote path: ${this.#files.location}/${folder}/${name}`)
      const expected = splitMd5(name)?.md5 ?? ''
      const actual = md5Of(content)
      if (actual !== expected)
        throw new Error(`invalid md5 of downloaded file: ${base}, expected: ${expected}, get: ${actual}`)
      files.push({ name: base, content: content.toString() })
    }
    return files
  }
}
