/**
 * A UNet step and a VAE decode of Stable Diffusion 1.5's size, with random weights, against diffusers on PyTorch. The two
 * programs take turns, each in a process of its own, so that both see the same machine. Needs 8 GB of memory and 2 GB in the
 * folder for temporary files.
 *
 *   pip install torch diffusers
 *   npx esbuild bench/full-size.ts --bundle --platform=node --format=esm --packages=external --outfile=dist-bench/full-size.js
 *   node dist-bench/full-size.js [unet|vae] [pairs]
 *
 * PYTHON names the interpreter that has them, SIZE the pixels of a side (512), THREADS the threads of both (2).
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { writeRandomWeights } from '../src/harness/bench/full-size/random-weights.js'
import { sd15Unet, vaeDecoder } from '../src/harness/bench/full-size/shapes.js'
import { createSession } from '../src/lane/session.js'
import { openCheckpoint } from '../src/models/checkpoint.js'
import type { ModelFacts } from '../src/models/facts.js'
import { buildUnet, buildVaeDecoder } from '../src/networks/index.js'

type Network = 'unet' | 'vae'

const { PYTHON = 'python3', SIZE = '512', THREADS = '2' } = process.env
const FACTS: ModelFacts = {
  family: 'sd1',
  textEncoders: [],
  unet: {
    prefix: 'model.diffusion_model.',
    modelChannels: 320,
    inChannels: 4,
    outChannels: 4,
    contextDim: 768,
    heads: { count: 8 },
    linearProjections: false,
  },
  vae: { prefix: 'first_stage_model.', scaleFactor: 0.18215, latentChannels: 4 },
  sampling: { prediction: 'eps', zeroTerminalSnr: false },
}

const [mode = 'all', argument = '3', what] = process.argv.slice(2)
if (mode === '--serve') await serve(what === 'vae' ? 'vae' : 'unet', argument)
else await compare(mode === 'unet' || mode === 'vae' ? [mode] : ['unet', 'vae'], Number(argument))

/** Runs once for each line on stdin and answers with the milliseconds. */
async function serve(network: Network, file: string): Promise<void> {
  const checkpoint = await openCheckpoint(file)
  const latent = Number(SIZE) / 8
  const random = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((all, size) => all * size, 1) }, () => 2 * Math.random() - 1),
  })
  const feeds =
    network === 'vae'
      ? { latent: random(1, 4, latent, latent) }
      : { x: random(2, 4, latent, latent), timesteps: random(2), context: random(2, 77, 768) }
  // The settings of a lane.
  const session = await createSession(
    network === 'vae' ? buildVaeDecoder(checkpoint, FACTS) : buildUnet(checkpoint, FACTS, { latentMultiple: 8 }),
    {
      name: network,
      device: { provider: 'cpu', index: 0 },
      optimization: network === 'vae' ? 'all' : 'extended',
      threads: Number(THREADS),
      clock: { inside: 0 },
      bytes: 0,
      multiplyAdds: () => 0,
      activationBytes: () => 0,
      emit() {},
    },
  )
  const timed = async () => {
    const start = performance.now()
    await session.run(feeds, [network === 'vae' ? 'image' : 'out'])
    return performance.now() - start
  }
  await timed()
  process.stdout.write('ready\n')
  for await (const _ of createInterface({ input: process.stdin })) process.stdout.write(`${await timed()}\n`)
}

interface Program {
  run(): Promise<number>
  /** MiB; of the process itself, as the kernel counts it. */
  peak(): Promise<number>
  end(): void
}

async function start(command: string, args: readonly string[]): Promise<Program> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ended`)
    return String(value)
  }
  while ((await next()) !== 'ready');
  return {
    async run() {
      child.stdin.write('\n')
      return Number(await next())
    },
    async peak() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024
    },
    end: () => child.stdin.end(),
  }
}

async function compare(networks: readonly Network[], pairs: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-bench-'))
  const table = new Table({ head: ['network', 'ours, ms', 'diffusers, ms', 'ratio', 'ours, MiB', 'diffusers, MiB'] })
  try {
    for (const network of networks) {
      const file = join(folder, `${network}.safetensors`)
      await writeRandomWeights(file, network === 'vae' ? vaeDecoder() : sd15Unet())
      const ours = await start(process.execPath, [fileURLToPath(import.meta.url), '--serve', file, network])
      const theirs = await start(PYTHON, [
        'bench/diffusers-baseline.py',
        network,
        ...['--size', SIZE, '--threads', THREADS, '--serve'],
      ])
      const times: { ours: number; theirs: number }[] = []
      for (let i = 0; i < pairs; i++) {
        const first = i % 2 === 0 ? await ours.run() : undefined
        const their = await theirs.run()
        times.push({ ours: first ?? (await ours.run()), theirs: their })
      }
      const list = (of: (pair: { ours: number; theirs: number }) => number, digits: number) =>
        times.map(pair => of(pair).toFixed(digits)).join(', ')
      table.push([
        network,
        list(pair => pair.ours, 0),
        list(pair => pair.theirs, 0),
        list(pair => pair.theirs / pair.ours, 2),
        (await ours.peak()).toFixed(0),
        (await theirs.peak()).toFixed(0),
      ])
      ours.end()
      theirs.end()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
  process.stdout.write(`${table.toString()}\n`)
}
