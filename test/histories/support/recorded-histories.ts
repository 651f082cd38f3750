import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { temporal as api } from '@temporalio/proto'

export const directory = path.join(import.meta.dirname, '../recorded')

/** Their files are called `<type> <number> <workflow id>.gz`; inside is the history as Temporal's API encodes it. */
export function recordedHistories() {
  if (!existsSync(directory)) return []
  return readdirSync(directory).map((file) => {
    const [type = '', number, id = ''] = file.replace(/\.gz$/, '').split(' ')
    const history = api.api.history.v1.History.decode(gunzipSync(readFileSync(path.join(directory, file))))
    return { type, number: Number(number), workflowId: decodeURIComponent(id), history }
  })
}
