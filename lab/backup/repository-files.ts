import { md5Of, repositoryFolder, repositoryInfoKey, snapshotFolder, splitMd5, withMd5 } from './layout.ts'
import type { LabObjectStore } from './object-store.ts'

/** A file of a snapshot's folder could not be had; `message` as the frontend says it. */
export class SnapshotFileError extends Error {
  override readonly name = 'SnapshotFileError'
}

/** The files of one repository, by their meaning. */
export class RepositoryFiles {
  readonly name: string
  readonly location: string
  readonly store: LabObjectStore

  constructor(name: string, location: string, store: LabObjectStore) {
    this.name = name
    this.location = location
    this.store = store
  }

  folder(label: string): string {
    return snapshotFolder(this.name, label)
  }

  /** Reads `__repo_info`, or writes it. */
  async adopt(createTime: string): Promise<{ name: string; createTime: string; adopted: boolean }> {
    const key = repositoryInfoKey(this.name)
    const known = await this.store.get(key)
    if (known === undefined) {
      await this.store.put(key, JSON.stringify({ create_time: createTime, name: this.name }))
      return { name: this.name, createTime, adopted: false }
    }
    const info = JSON.parse(known.toString()) as { name: string; create_time: string }
    return { name: info.name, createTime: info.create_time, adopted: true }
  }

  /** Labels of all snapshots, finished or not. */
  async labels(): Promise<string[]> {
    const { folders } = await this.store.children(`${repositoryFolder(this.name)}/`)
    return folders.flatMap((name) => (name.startsWith('__ss_') ? [name.slice('__ss_'.length)] : []))
  }

  /** Timestamps under a label. A finished snapshot has one; two backups that raced for the label leave two. */
  async timestamps(label: string): Promise<string[]> {
    return (await this.#files(label)).flatMap((name) => {
      const base = splitMd5(name)?.base
      return base?.startsWith('__info_') ? [base.slice('__info_'.length)] : []
    })
  }

  /** The manifest of a snapshot. @throws SnapshotFileError */
  readInfo(label: string, timestamp: string): Promise<Buffer> {
    return this.#readOne(label, `__info_${timestamp}`)
  }

  /** The definitions of a snapshot. @throws SnapshotFileError */
  readMeta(label: string): Promise<Buffer> {
    return this.#readOne(label, '__meta')
  }

  /** Puts a file of the label's own folder under its name and md5. */
  async upload(label: string, name: string, content: Buffer | string): Promise<void> {
    await this.store.put(`${this.folder(label)}/${withMd5(name, content)}`, content)
  }

  async #readOne(label: string, name: string): Promise<Buffer> {
    const found = (await this.#files(label)).filter((file) => splitMd5(file)?.base === name)
    const path = `${this.location}/${this.folder(label)}/${name}`
    const [file] = found
    if (file === undefined || found.length > 1)
      throw new SnapshotFileError(`Expected one file with path: ${path}. get: ${found.length}`)
    const content = await this.store.get(`${this.folder(label)}/${file}`)
    if (content === undefined) throw new SnapshotFileError(`Expected one file with path: ${path}. get: 0`)
    const remote = splitMd5(file)?.md5 ?? ''
    const local = md5Of(content)
    if (local !== remote) throw new SnapshotFileError(`md5sum does not equal. local: ${local}, remote: ${remote}`)
    return content
  }

  async #files(label: string): Promise<string[]> {
    return (await this.store.children(`${this.folder(label)}/`)).files
  }
}
