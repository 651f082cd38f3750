export * from './row-counter.ts'
