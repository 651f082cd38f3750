/** Test processes at once: more than there are processors, since most tests wait for servers more than they compute. */
export const FORKS = 10
