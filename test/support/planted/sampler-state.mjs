// A lane whose DPM++ 2M keeps its last prediction in the module instead of in the run of the sampler.
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url, {
  data: {
    module: 'dist/sampling/samplers/multistep/dpmpp-2m.js',
    changes: [
      [/(export )?function\* dpmpp2m/, 'let latest;\n$&'],
      [
        /previous = \{ denoised, sigma \}/,
        'latest = denoised;\nprevious = { get denoised() { return latest }, sigma }',
      ],
    ],
  },
})
await import('../../../dist/lane/main.js')
