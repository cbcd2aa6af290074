/** Model files of random half floats, written without holding them in memory. */
import { open } from 'node:fs/promises'
import type { Shapes } from './sd15-shapes.js'

/** Values between −scale and scale. */
export async function writeRandomHalfs(file: string, shapes: Shapes, scale = 0.02): Promise<void> {
  const header: Record<string, unknown> = {}
  let total = 0
  for (const [name, shape] of Object.entries(shapes)) {
    const length = 2 * shape.reduce((all, size) => all * size, 1)
    header[name] = { dtype: 'F16', shape, data_offsets: [total, total + length] }
    total += length
  }
  const json = Buffer.from(JSON.stringify(header))
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ')
  json.copy(padded)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))

  const block = randomHalfs((1 << 20) - 3, scale)
  const handle = await open(file, 'w')
  try {
    await handle.write(Buffer.concat([length, padded]))
    for (let written = 0; written < total; written += block.length) {
      await handle.write(block, 0, Math.min(block.length, total - written))
    }
  } finally {
    await handle.close()
  }
}

function randomHalfs(count: number, scale: number): Buffer {
  const bytes = Buffer.alloc(2 * count)
  const exponent = 15 + Math.floor(Math.log2(scale))
  for (let i = 0; i < count; i++) {
    const sign = Math.random() < 0.5 ? 0x8000 : 0
    // Half of the values have the largest exponent, a quarter the next …
    const smaller = Math.min(exponent - 1, Math.floor(-Math.log2(1 - Math.random())))
    bytes.writeUInt16LE(sign | ((exponent - smaller) << 10) | Math.floor(Math.random() * 1024), 2 * i)
  }
  return bytes
}
