/**
 * Times of the small paths beside the sessions: noise, tokenizer, metrics, graph building, the statistics of a bench.
 *
 *   npx esbuild bench/micro.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench/micro/index.js
 *   node dist/bench/micro/index.js
 */
import Table from 'cli-table3'
import { Bench } from 'tinybench'
import { decide } from '../src/harness/bench/decide.js'
import { ncc } from '../src/harness/metrics/ncc.js'
import { psnr } from '../src/harness/metrics/psnr.js'
import { ssim } from '../src/harness/metrics/ssim.js'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { detectModel } from '../src/models/detect.js'
import { buildUnet } from '../src/networks/unet.js'
import { tokenizePrompt } from '../src/prompt/tokenize.js'
import { brownianTree } from '../src/sampling/noise/brownian-tree.js'
import { torchCpuNoise } from '../src/sampling/noise/initial.js'
import { torchCudaGenerator } from '../src/sampling/noise/torch-cuda.js'

const POCKET = 'fixtures/models/pocket/pocket-sd15.safetensors'
const LATENT = [1, 4, 64, 64] as const
const SIZE = 4 * 64 * 64

const picture = (seed: number) => {
  const [width, height] = [512, 512]
  const pixels = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => (i * 31 + seed * 17 + Math.floor(i / 1536) * 7) % 256,
  )
  return { width, height, channels: 3 as const, pixels }
}
const [a, b] = [picture(1), picture(2)]
const long = Array.from({ length: 60 }, (_, i) => `(a castle at dawn:1.${i % 10}), [fog]`).join(', ')
const checkpoint = await openCheckpoint(POCKET)
const facts = await detectModel(checkpoint)
const pairs = Array.from({ length: 8 }, (_, i) => ({ baseline: 100 + i, candidate: 101 + ((i * 5) % 7) }))

const bench = new Bench({ time: 1000, iterations: 10, warmupTime: 200, warmupIterations: 3, throws: true })
bench
  .add('noise: torch CPU, 512×512', () => void torchCpuNoise(7n, LATENT))
  .add('noise: torch CUDA, 512×512', () => void torchCudaGenerator({ seed: 7n }).randn(SIZE))
  .add(
    'noise: Brownian tree, 512×512',
    () => void brownianTree({ seed: 7n, size: SIZE, sigmaMin: 0.03, sigmaMax: 14.6 })(14.6, 7),
  )
  .add('prompt: weights and tokens, 10 chunks', () => void tokenizePrompt(long, { padToken: 49407 }))
  .add('metric: SSIM, 512×512', () => void ssim(a, b))
  .add('metric: NCC, 512×512', () => void ncc(a, b))
  .add('metric: PSNR, 512×512', () => void psnr(a, b))
  .add('graph: UNet of the pocket model', () => void buildUnet(checkpoint, facts, {}))
  .add('bench: decide on 8 pairs', () => void decide([pairs]))
await bench.run()

const table = new Table({
  head: ['path', 'median', 'p99', 'runs'],
  colAligns: ['left', 'right', 'right', 'right'],
  style: { head: [], border: [], compact: true },
})
const ms = (value: number) => `${value.toFixed(value < 1 ? 3 : 1)} ms`
for (const { name, result } of bench.tasks) {
  if (!('latency' in result)) throw new Error(`${name} was not measured`)
  table.push([name, ms(result.latency.p50), ms(result.latency.p99), String(result.latency.samplesCount)])
}
process.stdout.write(`${table.toString()}\n`)
