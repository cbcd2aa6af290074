/** What the upload of a Horde worker makes of a golden: the difference that nobody may be blamed for. */
import { decodeImage } from '../imaging/decode.js'
import { encodeImage } from '../imaging/encode.js'
import type { PictureChannels } from '../imaging/picture.js'
import type { JudgedGolden } from './gates/judge.js'
import type { Picture } from './metrics/picture.js'
import type { CaseResult } from './run-schema.js'

/** Quality at which workers encode WebP (horde-worker-reGen). */
const QUALITY = 95

/** The golden with its pictures after an upload, where one of the case's pictures differs from them and is of a kind that is uploaded. */
export async function withUploads<T extends JudgedGolden>(approved: T, { images, fixture }: CaseResult): Promise<T> {
  const identical = approved.golden.images.every(({ sha256 }, i) => images[i]?.sha256 === sha256)
  if (identical || fixture.output === 'mask' || fixture.output === 'control_map') return approved
  return { ...approved, uploads: await Promise.all(approved.pictures.map(uploaded)) }
}

/** The picture after WebP of quality 95, with as many channels as it had. */
export async function uploaded(picture: Picture): Promise<Picture> {
  const { width, height } = picture
  const channels: PictureChannels = picture.channels === 4 ? 4 : picture.channels === 1 ? 1 : 3
  const file = await encodeImage({ ...picture, channels, format: 'webp', quality: QUALITY })
  const { pixels, channels: decoded } = await decodeImage(file)
  if (decoded === channels) return { width, height, channels, pixels }
  // WebP has no grey, and drops alpha that hides nothing.
  const result = picture.pixels.slice()
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < Math.min(channels, decoded); k++) result[i * channels + k] = pixels[i * decoded + k] as number
  }
  return { width, height, channels, pixels: result }
}
