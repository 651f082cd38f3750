import { StarRocksError } from './errors/starrocks-error.ts'

export interface Address {
  host: string
  port: number
}

/** How addresses that a cluster prints are reached from elsewhere (private networks, NAT, Kubernetes). */
export interface AddressMap {
  readonly hosts: ReadonlyMap<string, { readonly host: string; readonly ports: ReadonlyMap<number, number> }>
}

export type MapSide = 'SOURCE' | 'TARGET'

/**
 * Reads the lines of a `hosts.properties` file that are about one side:
 * `SOURCE_<host>=<mapped host>[;<printed port>:<mapped port>,…]`. Blank lines and `#` or `!` comments are skipped.
 *
 * Errors: `Refused`, naming the line, for anything else, and for a host mapped twice.
 */
export function parseAddressMap(text: string, side: MapSide): AddressMap {
  const hosts = new Map<string, { host: string; ports: Map<number, number> }>()
  for (const [place, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    const match = /^(SOURCE|TARGET)_([^=\s]+)\s*=\s*(\S.*)$/.exec(line)
    if (!match?.[2] || !match[3]) throw refused(place, line, 'expected SOURCE_<host>=<mapped host>[;<port>:<port>,…]')
    if (match[1] !== side) continue
    const entry = parseMapping(match[3])
    if (typeof entry === 'string') throw refused(place, line, entry)
    const key = hostKey(match[2])
    if (hosts.has(key)) throw refused(place, line, 'this host is mapped twice')
    hosts.set(key, entry)
  }
  return { hosts }
}

/** Builds a map from `{ "<host>": "<mapped host>[;<port>:<port>,…]" }`, the form of YAML configurations. */
export function addressMapOf(entries: Readonly<Record<string, string>>): AddressMap {
  const hosts = new Map<string, { host: string; ports: Map<number, number> }>()
  for (const [host, mapping] of Object.entries(entries)) {
    const entry = parseMapping(mapping)
    if (typeof entry === 'string') {
      throw new StarRocksError({ kind: 'Refused', detail: `Address map, ${host}: ${mapping}: ${entry}` })
    }
    hosts.set(hostKey(host), entry)
  }
  return { hosts }
}

/** The address to use for one that the cluster printed; unchanged when the map does not know the host. */
export function mapAddress(map: AddressMap | undefined, host: string, port: number): Address {
  const entry = map?.hosts.get(hostKey(host))
  return entry ? { host: entry.host, port: entry.ports.get(port) ?? port } : { host, port }
}

/** Whether the map has an entry for this host. */
export function mapsHost(map: AddressMap | undefined, host: string): boolean {
  return map?.hosts.has(hostKey(host)) ?? false
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && hostKey(a.host) === hostKey(b.host)
}

/** Host names are compared without case; a trailing dot of a full domain name says nothing. */
function hostKey(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}

function parseMapping(text: string): { host: string; ports: Map<number, number> } | string {
  const [host = '', ports = '', ...more] = text.split(';').map((part) => part.trim())
  if (host === '' || /\s/.test(host)) return 'the mapped host is missing'
  if (more.length > 0) return 'more than one “;”'
  const pairs = new Map<number, number>()
  for (const pair of ports.split(',').filter((part) => part.trim() !== '')) {
    const [from, to, ...rest] = pair.split(':').map((part) => Number(part.trim()))
    if (rest.length > 0 || !isPort(from) || !isPort(to)) return `${pair.trim()} is not <port>:<port>`
    if (pairs.has(from)) return `port ${from} is mapped twice`
    pairs.set(from, to)
  }
  return { host, ports: pairs }
}

function isPort(port: number | undefined): port is number {
  return port !== undefined && Number.isInteger(port) && port > 0 && port < 65536
}

function refused(place: number, line: string, why: string): StarRocksError {
  return new StarRocksError({ kind: 'Refused', detail: `Address map, line ${place + 1}: ${line}: ${why}` })
}
