import type { OpenedObject } from './object-store.ts'
import { StorageError } from './storage-error.ts'

/** The whole content. Errors: StorageError TooLarge beyond `max` bytes; then the rest is not read. */
export async function readBody({ stream, size }: OpenedObject, max: number, name: string): Promise<Buffer> {
  const tooLarge = (bytes: string) =>
    new StorageError('TooLarge', `${name} has ${bytes} bytes, where at most ${max} are expected`)
  if (size !== undefined && size > max) {
    stream.destroy()
    throw tooLarge(String(size))
  }
  const chunks: Buffer[] = []
  let read = 0
  for await (const chunk of stream) {
    read += (chunk as Buffer).length
    // Leaving the loop destroys the stream.
    if (read > max) throw tooLarge(`more than ${max}`)
    chunks.push(chunk as Buffer)
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
}
