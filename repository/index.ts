export * from './object-store.ts'
export { openStore } from './open-store.ts'
export * from './storage-error.ts'
export * from './store-access.ts'
