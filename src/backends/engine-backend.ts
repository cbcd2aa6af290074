import type { Engine } from '../engine/types.js'
import { version } from '../version.js'
import type { Backend, BackendDescription } from './backend.js'

/** What this release's engine draws; the rest are faults of its own. */
const CAN: BackendDescription['can'] = [
  'txt2img',
  'img2img',
  'inpainting',
  'control',
  'hires_fix',
  'loras',
  'tis',
  'tiling',
  'batch',
]

/** Our own engine as a backend. Closing the backend closes the engine. */
export function engineBackend(engine: Engine): Backend {
  return {
    describe: async () => ({ name: 'horde-onnx', version, can: CAN, timings: 'phases' }),
    environment: () => engine.environment(),
    generate: (payload, options) => engine.generate(payload, { ...options, format: 'png' }),
    close: () => engine.close(),
  }
}
