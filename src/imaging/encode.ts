import { channelOf, type Picture, withAlpha } from './picture.js'
import { insertPngText } from './png.js'
import { loadSharp } from './sharp.js'
import { insertWebpComment } from './webp.js'

export interface EncodeRequest extends Picture {
  format: 'png' | 'webp'
  /** Text of {@link formatParameters}, embedded so that {@link readParameters} and other tools find it. */
  parameters?: string
  /** WebP only, 1 to 100: lossy. @default lossless */
  quality?: number
}

/** The picture as a JPEG with halved colour resolution, without metadata. */
export async function encodeJpeg({ width, height, channels, pixels }: Picture, quality: number): Promise<Uint8Array> {
  const sharp = await loadSharp()
  return new Uint8Array(await sharp(pixels, { raw: { width, height, channels } }).jpeg({ quality }).toBuffer())
}

/** The picture as a file. The same picture, text and version of sharp give the same bytes. */
export async function encodeImage(request: EncodeRequest): Promise<Uint8Array> {
  const { format, parameters, quality } = request
  // sharp loses the alpha of a grey picture when it writes grey.
  const { width, height, channels, pixels } =
    request.channels === 2 ? withAlpha(request, channelOf(request, 1)) : request
  const sharp = await loadSharp()
  const image = sharp(pixels, { raw: { width, height, channels } })
  const plain = channels === 1 ? image.toColourspace('b-w') : image
  const file = new Uint8Array(
    await (format === 'png'
      ? plain.png()
      : plain.webp(quality === undefined ? { lossless: true, exact: true } : { quality })
    ).toBuffer(),
  )
  if (parameters === undefined) return file
  return format === 'png'
    ? insertPngText(file, 'parameters', parameters)
    : insertWebpComment(file, parameters, { width, height })
}
