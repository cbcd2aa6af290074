/** Entry of a process that finds out whether a device can be used: `probe.js PROVIDER INDEX`; exit code 0 where it can. */
import { createGraph } from '../onnx/index.js'
import type { Device } from './protocol.js'
import { createSession } from './session.js'

const [provider, index] = process.argv.slice(2)

const g = createGraph()
g.output('y', g.silu(g.input('x', 'float32', ['n'])))
try {
  const session = await createSession(g.build(), {
    name: 'probe',
    device: { provider: provider as Device['provider'], index: Number(index) },
    optimization: 'extended',
    threads: 1,
    clock: { inside: 0 },
    bytes: 0,
    multiplyAdds: () => 0,
    activationBytes: () => 0,
    emit() {},
  })
  await session.run({ x: { shape: [3], data: Float32Array.of(-1, 0, 1) } }, ['y'])
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}
