/**
 * Entry of a process that finds out whether a device can be used: `probe.js PROVIDER INDEX`. It prints what it found as JSON, or
 * why the device cannot be used, on stderr, with exit code 1.
 */
import { createGraph } from '../onnx/index.js'
import type { Device } from './protocol.js'
import { createSession } from './session.js'

const [provider, index] = process.argv.slice(2)

/** Prompt attention of a small UNet: drivers with narrow subgroups get it wrong from 64 tokens on (SwiftShader does). */
const SHAPE = { heads: 2, queries: 64, tokens: 77, width: 128 }

/** Difference that is no rounding, of values around 0.1. */
const WRONG = 1e-3

async function attend(device: Pick<Device, 'provider' | 'index'>): Promise<Float32Array> {
  const { heads, queries, tokens, width } = SHAPE
  const g = createGraph()
  const q = g.input('q', 'float32', ['n', 's', width])
  const kv = g.input('kv', 'float32', ['n', 't', width])
  g.output('y', g.attention({ q, k: kv, v: kv, heads }))
  const session = await createSession(g.build(), {
    name: 'probe',
    device,
    optimization: 'extended',
    threads: 1,
    clock: { inside: 0 },
    bytes: 0,
    multiplyAdds: () => 0,
    activationBytes: () => 0,
    emit() {},
  })
  const wave = (length: number) => ({
    shape: [1, length, width],
    data: Float32Array.from({ length: length * width }, (_, i) => Math.sin(i * 12.9898)),
  })
  const { y } = await session.run({ q: wave(queries), kv: wave(tokens) }, ['y'])
  if (y === undefined) throw new Error('unreachable: run() returns every output it was asked for')
  return y.data
}

try {
  const ours = await attend({ provider: provider as Device['provider'], index: Number(index) })
  const theirs = await attend({ provider: 'cpu', index: 0 })
  const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - (theirs[i] ?? 0))), 0)
  process.stdout.write(JSON.stringify({ fusedAttention: worst < WRONG }), () => process.exit(0))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`, () => process.exit(1))
}
