// What a checkpoint costs: peak memory of the lane over the size of its weights, while it loads and draws one step.
//
//   node bench/memory.mjs [CHECKPOINT] [WIDTH] [HEIGHT]
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createEngine } from 'horde-onnx'

const [
  file = fileURLToPath(new URL('../fixtures/models/pocket/pocket-sd15.safetensors', import.meta.url)),
  width = '128',
  height = '128',
] = process.argv.slice(2)
const engine = await createEngine({ models: { checkpoint: { file } } })

/** Peak resident memory of the lane so far, in bytes (Linux). */
function peak() {
  const pid = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'lane/main'], { encoding: 'utf8' }).split('\n')[0]
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

await engine.environment()
const idle = peak()
const payload = { prompt: 'a red circle', seed: 7, ddim_steps: 1, width: Number(width), height: Number(height) }
const { state, faults, timings } = await engine.generate({ model: 'checkpoint', payload })
if (state !== 'ok') throw new Error(faults[0]?.message)
const loaded = peak()
await engine.close()

const mib = bytes => `${(bytes / 2 ** 20).toFixed(0)} MiB`
const size = statSync(file).size
console.table({
  'checkpoint file': { memory: mib(size), 'of the file': 1 },
  'lane, empty': { memory: mib(idle), 'of the file': +(idle / size).toFixed(2) },
  'lane, peak': { memory: mib(loaded), 'of the file': +(loaded / size).toFixed(2) },
  'peak above empty': { memory: mib(loaded - idle), 'of the file': +((loaded - idle) / size).toFixed(2) },
})
console.log(`loading took ${(timings.load / 1000).toFixed(1)} s`)
