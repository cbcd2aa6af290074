// A lane whose DPM++ 2M keeps its last prediction in the module instead of in the run of the sampler.
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url, {
  data: {
    module: 'dist/sampling/samplers/multistep/dpmpp-2m.js',
    changes: [
      [
        /export function\* dpmpp2m\(([^)]*)\) \{\s*let (\w+);?/,
        'let $2;\nexport function* dpmpp2m($1) {\n$2 = undefined;',
      ],
    ],
  },
})
await import('../../../dist/lane/main.js')
