import { gunzipSync } from 'node:zlib'
import type { Client } from '@temporalio/client'

/** Every string in a history, payloads decoded. */
export function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (value instanceof Uint8Array) yield Buffer.from(value).toString('utf8')
  else if (Array.isArray(value)) for (const item of value) yield* strings(item)
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) yield* strings(item)
}

/** What is in the histories of all workflows, one text a run. */
export async function historyTexts(client: Client): Promise<string[]> {
  const texts: string[] = []
  for await (const { workflowId, runId } of client.workflow.list()) {
    texts.push([...strings(await client.workflow.getHandle(workflowId, runId).fetchHistory())].join('\n'))
  }
  return texts
}

/** Forms in which a secret may hide: plain, inside JSON, base64, URL. */
function formsOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(' '.repeat(shift) + secret)
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  )
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...base64]
}

/** Those of `secrets` that the text holds in any form. */
export const secretsIn = (text: string, secrets: readonly string[]): string[] =>
  secrets.filter((secret) => formsOf(secret).some((form) => text.includes(form)))

/** An object's text, unpacked where it is packed. */
export const textOf = (content: Buffer): string =>
  (content[0] === 0x1f && content[1] === 0x8b ? gunzipSync(content) : content).toString('latin1')
