// Of all that tests compute, a tenth were the threads that V8 starts, and ends, to watch each of the many calls into a workflow for being endless. Here
// a test that hangs ends by its own time limit. Workers in processes of their own have them.
const { Script } = require('node:vm')

const { runInContext } = Script.prototype
Script.prototype.runInContext = function (context, { timeout, ...options } = {}) {
  return runInContext.call(this, context, options)
}
