import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { temporal as api } from '@temporalio/proto'

const workflows = path.join(import.meta.dirname, '../../../workflows')

/** Patches that a history has markers of: there its run took the newer way. */
export function patchesOf({ events }: api.api.history.v1.IHistory): Set<string> {
  const ids = new Set<string>()
  for (const { markerRecordedEventAttributes: marker } of events ?? []) {
    if (marker?.markerName !== 'core_patch') continue
    for (const { payloads } of Object.values(marker.details ?? {})) {
      const { id } = JSON.parse(Buffer.from(payloads?.[0]?.data ?? []).toString()) as { id?: string }
      if (id !== undefined) ids.add(id)
    }
  }
  return ids
}

/** Those that the workflows ask for. */
export function patchesInUse(): Set<string> {
  const files = readdirSync(workflows, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const calls = files.flatMap(
    (file) => readFileSync(path.join(workflows, file), 'utf8').match(/\bpatched\([^)]*\)/g) ?? [],
  )
  return new Set(calls.flatMap((call) => [...call.matchAll(/'([^']+)'/g)].map(([, id]) => id ?? '')))
}
