// What judging costs beside drawing: pairs of 512×512, none of them identical, against the time the pocket model takes to draw them.
//
//   node bench/scoring.mjs [PAIRS] [SIDE]
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from 'horde-onnx'
import { engineBackend } from '../dist/backends/engine-backend.js'
import { checkRun } from '../dist/harness/check.js'
import { approve } from '../dist/harness/golden/approve.js'
import { replay } from '../dist/harness/replay.js'
import { encodeImage } from '../dist/imaging/encode.js'
import { sha256 } from '../dist/lane/stages.js'

const [pairs = 100, side = 512] = process.argv.slice(2).map(Number)
const DRAWN = 2
const STEPS = 10
const folder = await mkdtemp(join(tmpdir(), 'scoring-'))
const fixture = (id, seed) => {
  const payload = {
    prompt: 'a red circle on a blue background',
    seed: String(seed),
    ddim_steps: STEPS,
    width: side,
    height: side,
  }
  return {
    id,
    file: id,
    version: 1,
    features: [],
    output: 'photo',
    payload: JSON.stringify({ model: 'pocket-sd15', payload: { ...payload, sampler_name: 'k_euler', karras: true } }),
    payloadSha256: sha256(Buffer.from(id)),
  }
}

const engine = await createEngine()
try {
  await engine.generate({
    model: 'pocket-sd15',
    payload: { prompt: 'x', seed: '1', ddim_steps: 1, width: side, height: side },
  })
  const before = performance.now()
  const drawn = []
  for (let seed = 0; seed < DRAWN; seed++) {
    const { id: _, ...one } = await engine.generate(fixture('x', seed).payload, {
      id: `d${seed}`,
      keep: { gates: true },
    })
    drawn.push(one)
  }
  const drawing = (performance.now() - before) / DRAWN

  // Other bits everywhere, so that nothing is decided by a hash, and noise that every probe has to look at.
  const recorded = (noise, seed) => ({
    environment: () => engine.environment(),
    generate(_payload, { id }) {
      const one = drawn[seed(id)]
      const pixels = one.images[0].pixels.map((v, i) =>
        Math.min(255, Math.max(0, v + ((i * 7919 + Number(id)) % 3) * noise)),
      )
      const { width, height, channels } = one.images[0]
      const result = encodeImage({ width, height, channels, pixels, format: 'png' }).then(file => ({
        ...one,
        id,
        images: [{ ...one.images[0], pixels, file, sha256: sha256(pixels) }],
      }))
      // biome-ignore lint/suspicious/noThenProperty: a handle is awaited for its generation
      return { id, cancel() {}, then: (yes, no) => result.then(yes, no), async *[Symbol.asyncIterator]() {} }
    },
    describe: () => engineBackend(engine).describe(),
    close: async () => {},
  })
  const fixtures = Array.from({ length: pairs }, (_, i) => fixture(String(i).padStart(3, '0'), i % DRAWN))
  const seed = id => Number(id) % DRAWN
  const [approved, run, goldens] = ['approved', 'run', 'golden'].map(name => join(folder, name))
  await replay({ backend: recorded(0, seed), fixtures, out: approved })
  await approve({ run: approved, goldens, reason: 'bench', who: 'bench', allowDirty: true })
  await replay({ backend: recorded(1, seed), fixtures, out: run })
  const since = performance.now()
  const cpu = process.cpuUsage()
  await checkRun(run, goldens)
  const scoring = performance.now() - since
  const { user, system } = process.cpuUsage(cpu)
  console.table({
    [`drawing ${side}×${side}, ${STEPS} steps`]: { 'ms a picture': Math.round(drawing) },
    [`judging ${pairs} pairs`]: {
      'ms a picture': Math.round(scoring / pairs),
      cores: +((user + system) / 1e3 / scoring).toFixed(2),
    },
  })
  console.log(
    `judging costs ${(scoring / pairs / drawing).toFixed(3)} of drawing on ${availableParallelism()} cores; at most 0.1 is asked for`,
  )
} finally {
  await engine.close()
  await rm(folder, { recursive: true, force: true })
}
