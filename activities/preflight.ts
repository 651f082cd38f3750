export { createPreflightActivities, type PreflightActivities } from './preflight/index.ts'
