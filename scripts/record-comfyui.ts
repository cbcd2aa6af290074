/**
 * Records a protocol fixture from a real ComfyUI that has the pocket model (`sidecars/comfyui/`):
 *
 *   npx esbuild scripts/record-comfyui.ts --bundle --platform=node --format=esm --packages=external --outfile=dist-bench/record-comfyui.js
 *   node dist-bench/record-comfyui.js http://127.0.0.1:8188 test/recordings/comfyui.json
 */
import { writeFile } from 'node:fs/promises'
import { comfyuiBackend } from '../src/backends/comfyui/comfyui-backend.js'
import { recordComfyui } from '../test/support/comfyui.js'

const [upstream = 'http://127.0.0.1:8188', file = 'recording.json'] = process.argv.slice(2)
const { url, recording, close } = await recordComfyui(upstream)
const backend = comfyuiBackend({
  url,
  modelOf: () => ({ baseline: 'stable_diffusion_1', inpainting: false, checkpoint: 'pocket-sd15.safetensors' }),
})
await backend.environment()
const payload = {
  prompt: 'a red circle on a blue background',
  model: 'pocket-sd15',
  seed: 7,
  width: 64,
  height: 64,
  ddim_steps: 3,
  cfg_scale: 5,
  karras: true,
  sampler_name: 'k_euler',
}
const { state, faults } = await backend.generate(JSON.stringify(payload), { id: 'recorded' })
if (state !== 'ok') throw new Error(`not drawn: ${faults[0]?.message}`)
// What identifies the machine that recorded is of no use to a test.
for (const exchange of recording.exchanges) {
  if (exchange.path !== '/system_stats') continue
  const { system, devices } = JSON.parse(exchange.body)
  const { comfyui_version, pytorch_version } = system
  exchange.body = JSON.stringify({
    system: { comfyui_version, pytorch_version },
    devices: devices.map(({ name, type }: { name: string; type: string }) => ({ name, type })),
  })
}
await writeFile(file, `${JSON.stringify(recording, undefined, 1)}\n`)
await close()
