/** `YYYY-MM-DD HH:MM:SS` in a zone given by name or as `+08:00`; an unknown zone is UTC. */
export const timeInZone = (ms: number, zone: string): string => {
  const offset = /^([+-])(\d{1,2}):(\d{2})$/.exec(zone)
  if (offset) {
    const minutes = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1)
    return plain(ms + minutes * 60_000)
  }
  if (zone === 'UTC' || zone === 'Etc/UTC') return plain(ms)
  try {
    return new Date(ms).toLocaleString('sv-SE', { timeZone: zone, hourCycle: 'h23' })
  } catch {
    return plain(ms)
  }
}

const plain = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
