/**
 * Stands for every key, default and limit of a migration spec as this version has them. What a workflow of the same format has checked need not
 * be checked again: building the schema takes ten times as long as all else that a short workflow computes.
 */
export const SPEC_FORMAT = '718c59754002'
