import { createHash } from 'node:crypto'
import type { GeneratedImage } from '../engine/types.js'
import { decodeImage } from '../imaging/decode.js'
import { encodeImage } from '../imaging/encode.js'

/** A picture file that another program sent, as ours: PNG files are kept as they are, others become PNG. */
export async function drawnImage(file: Uint8Array, origin: string): Promise<GeneratedImage> {
  const picture = await decodeImage(file, { origin })
  const { width, height, channels, pixels } = picture
  const isPng = file[0] === 0x89 && file[1] === 0x50
  return {
    width,
    height,
    channels,
    pixels,
    sha256: createHash('sha256').update(pixels).digest('hex'),
    format: 'png',
    file: isPng ? file : await encodeImage({ ...picture, format: 'png' }),
  }
}
