import type { Location } from '../location.ts'
import { StorageError } from '../storage-error.ts'
import type { StoreAccess } from '../store-access.ts'

export interface HdfsSettings {
  /** `http://host:port` of every namenode: one of them is active. */
  namenodes: string[]
  /** Without slashes at its ends. */
  root: string
  user?: string
  /** Of the location, for people. */
  name: string
}

/** Where namenodes have their web interface since Hadoop 3. */
const HTTP_PORT = 9870

/** How WebHDFS is reached. Errors: StorageError Unsupported, with what to configure. */
export function hdfsSettings(
  location: Location,
  properties: Readonly<Record<string, string>>,
  access: StoreAccess,
): HdfsSettings {
  const name = `${location.scheme}://${location.authority}/${location.path}`
  const authentication = properties['hadoop.security.authentication']?.toLowerCase()
  if (authentication === 'kerberos' || properties.kerberos_principal !== undefined) {
    throw new StorageError(
      'Unsupported',
      `The storage cannot be reached from the worker: ${name} asks for Kerberos, which starferry does not speak`,
      'StarRocks itself backs up and restores there; listing, verifying and deleting need an HttpFS or WebHDFS gateway with simple authentication: name it under access.webHdfs and remove the Kerberos properties from this repository',
    )
  }
  const given = access.webHdfs === undefined ? [] : [access.webHdfs].flat()
  const namenodes = given.length > 0 ? given.map(baseUrl) : namenodesOf(location, properties)
  if (namenodes.length === 0) {
    throw new StorageError(
      'Unsupported',
      `The storage cannot be reached from the worker: the namenodes of ${name} are not known`,
      'name their web addresses under access.webHdfs, for example http://namenode:9870',
    )
  }
  const user = properties.username ?? properties['hadoop.username']
  return { namenodes, root: location.path, name, ...(user ? { user } : {}) }
}

function namenodesOf({ scheme, authority }: Location, properties: Readonly<Record<string, string>>): string[] {
  const services = list(properties['dfs.nameservices'])
  const service = services.includes(authority) ? authority : authority === '' ? services[0] : undefined
  if (service !== undefined) {
    return list(properties[`dfs.ha.namenodes.${service}`]).flatMap((node) => {
      const web = properties[`dfs.namenode.http-address.${service}.${node}`]
      const rpc = properties[`dfs.namenode.rpc-address.${service}.${node}`]
      if (web) return [baseUrl(web)]
      return rpc ? [`http://${hostOf(rpc)}:${HTTP_PORT}`] : []
    })
  }
  // A mount table says nothing about hosts.
  if (scheme === 'viewfs' || authority === '') return []
  const web = properties['dfs.namenode.http-address']
  return [web ? baseUrl(web) : `http://${hostOf(authority)}:${HTTP_PORT}`]
}

const list = (text: string | undefined) =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
const hostOf = (address: string) => address.replace(/:\d+$/, '')
const baseUrl = (text: string) => (/^https?:\/\//.test(text) ? text : `http://${text}`).replace(/\/+$/, '')
