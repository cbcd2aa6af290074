// A lane in which what two jobs ask for is written into one buffer: whoever asks last is answered twice.
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url, {
  data: {
    module: 'dist/lane/denoise.js',
    changes: [
      [/function concat\(parts\) \{/, 'const buffers = new Map();\nfunction concat(parts) {'],
      [
        /const joined = (new Float32Array\(.*\));/,
        'const size = parts.reduce((length, part) => length + part.length, 0);\n' +
          'if (!buffers.has(size)) buffers.set(size, new Float32Array(size));\nconst joined = buffers.get(size);',
      ],
    ],
  },
})
await import('../../../dist/lane/main.js')
