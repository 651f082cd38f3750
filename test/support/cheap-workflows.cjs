// Of all that tests compute, a good part would be what the SDK does around workflows for people who debug them. Workers in processes of their own do it.
const { Script } = require('node:vm')
const { promiseHooks } = require('node:v8')

// V8 starts, and ends, a thread for each of the many calls into a workflow, to watch it for being endless: a test that hangs ends by its own time limit.
const { runInContext } = Script.prototype
Script.prototype.runInContext = function (context, { timeout, ...options } = {}) {
  return runInContext.call(this, context, options)
}

// A stack for every promise of a workflow, with where each line stands in the sources: only the query __stack_trace wants them. (Node's own hooks,
// those of AsyncLocalStorage, have a `before`.)
const { createHook } = promiseHooks
promiseHooks.createHook = (hooks) => (hooks.before ? createHook(hooks) : () => {})
