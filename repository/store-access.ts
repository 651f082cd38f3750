/** How this process reaches the storage, where that differs from how the cluster does. */
export interface StoreAccess {
  /** Given for a scheme that is not S3's own, it says that an S3-compatible endpoint is there. */
  endpoint?: string
  region?: string
  accessKey?: string
  secretKey?: string
  sessionToken?: string
  pathStyle?: boolean
  /** `http://namenode:9870`, one or several. */
  webHdfs?: string | string[]
  /** false: this process cannot reach it. */
  enabled?: boolean
}

export interface StoreDefinition {
  /** As in CREATE REPOSITORY. */
  location: string
  /** Those of CREATE REPOSITORY. */
  properties?: Readonly<Record<string, string>>
  access?: StoreAccess
}
