import { defineQuery, defineUpdate } from '@temporalio/workflow'
import type { WantedSetting } from './findings.ts'
import type { ChangedSetting } from './migration-api.ts'

/** Input of workflow `clusterSettings`; `carried` only when it continues as new. */
export interface ClusterSettingsInput {
  cluster: string
  carried?: LeasedSetting[]
}

/** A setting that somebody needs changed. */
export interface LeasedSetting {
  key: string
  /** What it was before the first lease, and what it is to be. */
  original: string
  value: string
  /** Workflow ids of those who need it. */
  holders: string[]
  /** The process of the leader when it was set; another has forgotten it. Unset: nobody looked, or somebody gave it another value since. */
  leader?: string
  /** Nobody needs it any more, and it could not be put back so far: of the last holder's, and why. */
  restoring?: { holder: string; reason: string }
}

export interface LeaseRequest {
  /** Workflow id of who needs the settings; when that workflow is closed the lease ends by itself. */
  holder: string
  settings: WantedSetting[]
}

export interface LeaseAnswer {
  changed: ChangedSetting[]
  /** Settings that cannot be given, and why. */
  refused: { key: string; reason: string }[]
}

export interface ReleaseRequest {
  holder: string
  /** Leave the values as they are. */
  keep?: boolean
}

export interface ReleaseAnswer {
  restored: ChangedSetting[]
  /** Left as it is, and why: somebody else needs it, or changed it meanwhile; or it could not be put back yet, which goes on being tried. */
  left: { key: string; reason: string; goesOn?: boolean }[]
}

export const leaseUpdate = defineUpdate<LeaseAnswer, [LeaseRequest]>('lease')
export const releaseUpdate = defineUpdate<ReleaseAnswer, [ReleaseRequest]>('release')
export const leasesQuery = defineQuery<LeasedSetting[]>('leases')
