// Preloaded, once for all workflows of a thread: the SDK takes a stack for every promise of a workflow, and where each of its ten lines stands
// in the sources is a good part of the time that workflows take. So many lines still tell where an error comes from; the SDK itself looks at
// the first four.
Error.stackTraceLimit = 6
