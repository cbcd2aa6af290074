/**
 * What answering several jobs with one run of the UNet gains, and whether it changes bits: the same rows alone (a prompt and
 * its negative) and in batches, for the embedded model or another checkpoint.
 *
 *   npx esbuild bench/batching.ts --bundle --platform=node --format=esm --packages=external --outfile=dist-bench/batching.js
 *   node dist-bench/batching.js [CHECKPOINT] [THREADS] [SIZES]
 */
import { availableParallelism } from 'node:os'
import Table from 'cli-table3'
import type { Session } from '../src/lane/session.js'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { detectModel } from '../src/models/detect.js'
import type { ModelFacts } from '../src/models/facts.js'
import { torchCpuNoise } from '../src/sampling/noise/index.js'
import { residentModel } from './resident-model.js'

const JOBS = [2, 4, 8]
const REPEATS = 5

const [
  file = 'fixtures/models/pocket/pocket-sd15.safetensors',
  threads = String(availableParallelism()),
  sizes = '64,128,256,512',
] = process.argv.slice(2)

const facts = await detectModel(await openCheckpoint(file))
const model = await residentModel(
  {
    file,
    plan: {
      version: 1,
      model: { name: 'bench', baseline: '', facts },
      text: { hidden: [], cond: {}, uncond: {}, empty: {} },
      loras: [],
      batch: 1,
      passes: [],
      tiling: false,
      quirks: [],
    },
  },
  Number(threads),
)
const table = new Table({
  head: ['size', 'jobs', 'alone', 'one run', 'gain', 'worst difference', 'identical rows'],
  style: { head: [], border: [] },
})
const unet = await model.unet()
for (const size of sizes.split(',').map(Number)) for (const jobs of JOBS) table.push(await row(unet, size, jobs))
console.log(table.toString())
await model.release()

async function row(unet: Session, size: number, jobs: number): Promise<(string | number)[]> {
  const inputs = Array.from({ length: jobs }, (_, i) => rowsOf(facts, size, i))
  const together = {
    x: stacked(inputs.map(({ x }) => x)),
    timesteps: stacked(inputs.map(({ timesteps }) => timesteps)),
    context: stacked(inputs.map(({ context }) => context)),
  }
  const alone: number[] = []
  const once: number[] = []
  let worst = 0
  let identical = 0
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    let since = performance.now()
    const solo: Float32Array[] = []
    for (const input of inputs) solo.push((await unet.run(input, ['out'])).out?.data ?? new Float32Array())
    alone.push(performance.now() - since)
    since = performance.now()
    const { out } = await unet.run(together, ['out'])
    once.push(performance.now() - since)
    if (repeat > 0) continue
    for (const [i, expected] of solo.entries()) {
      const got = out?.data.subarray(i * expected.length, (i + 1) * expected.length) ?? new Float32Array()
      const difference = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (got[at] ?? 0))), 0)
      worst = Math.max(worst, difference)
      if (difference === 0) identical++
    }
  }
  const [a, b] = [Math.min(...alone), Math.min(...once)]
  return [
    size,
    jobs,
    `${a.toFixed(1)} ms`,
    `${b.toFixed(1)} ms`,
    (a / b).toFixed(2),
    worst.toExponential(1),
    `${identical}/${jobs}`,
  ]
}

interface Tensor {
  shape: readonly number[]
  data: Float32Array
}

/** A prompt and its negative at one size: noise, for the bits of a picture are as good as any. */
function rowsOf({ unet: { inChannels, contextDim } }: ModelFacts, size: number, job: number) {
  const noise = (seed: number, shape: readonly [number, number, number, number]) => torchCpuNoise(BigInt(seed), shape)
  const side = size / 8
  const x = noise(job, [1, inChannels, side, side])
  return {
    x: { shape: [2, inChannels, side, side], data: Float32Array.of(...x, ...x) },
    timesteps: { shape: [2], data: new Float32Array(2).fill(900 - 100 * job) },
    context: { shape: [2, 77, contextDim], data: noise(1000 + job, [2, 1, 77, contextDim]) },
  }
}

function stacked(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors
  const data = new Float32Array(tensors.reduce((length, tensor) => length + tensor.data.length, 0))
  let at = 0
  for (const tensor of tensors) {
    data.set(tensor.data, at)
    at += tensor.data.length
  }
  const rows = tensors.reduce((sum, { shape: [n = 0] }) => sum + n, 0)
  return { shape: [rows, ...(first?.shape.slice(1) ?? [])], data }
}
