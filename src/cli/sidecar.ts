import { engineBackend } from '../backends/engine-backend.js'
import { serveSidecar } from '../backends/sidecar/serve.js'
import { createEngine } from '../engine/create-engine.js'
import { ExitCode } from '../errors.js'
import { tool } from '../harness/tool.js'
import { command } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'

export const sidecar = command({
  name: 'sidecar',
  description:
    'Serve the engine to another program: requests on standard input, answers on standard output, one JSON line each',
  args: ENGINE_ARGS,
  examples: [
    ['horde-onnx sidecar --threads 1', 'what bench starts; docs/backends.md has the protocol'],
    ['horde-onnx replay --backend "sidecar:node ../old/dist/cli/main.js sidecar"', 'replays with another checkout'],
  ],
  async run({ args }) {
    const backend = engineBackend(await createEngine(engineOptions(args)))
    try {
      const { commit } = await tool()
      const described = await backend.describe()
      await serveSidecar(
        { ...backend, describe: async () => (commit === undefined ? described : { ...described, commit }) },
        { input: process.stdin, output: process.stdout },
      )
    } finally {
      await backend.close()
    }
    return ExitCode.ok
  },
})
