/** The run's pictures, out of the inert blocks in which the page carries them, or from beside it. */
import { type PictureRef, pictureId } from '../page-data.js'
import { findBlock } from './blocks.js'

/** A picture's address, once the browser has read that far. Rejects with the reason where there is no such picture. */
export async function pictureUrl(ref: PictureRef): Promise<string> {
  if ('missing' in ref) throw new Error(ref.missing)
  if ('href' in ref) return ref.href
  const block = await findBlock(pictureId(ref.number))
  if (block === undefined) throw new Error('the page was cut off before this picture')
  return `data:${block.dataset.type};base64,${block.textContent}`
}

/** A decoded picture. */
export interface Bitmap {
  width: number
  height: number
  source: HTMLCanvasElement
  /** RGBA, not premultiplied. Undefined where browsers show a picture to the reader and not to the page: of files beside it. */
  pixels: Uint8ClampedArray | undefined
}

export interface ReadableBitmap extends Bitmap {
  pixels: Uint8ClampedArray
}

/** Canvases wider or higher than this are refused by browsers. */
const MAX_SIDE = 16_384

/** Decodes a picture to pixels. Rejects with a sentence where that fails. */
export async function decodePicture(ref: PictureRef): Promise<Bitmap> {
  const image = new Image()
  image.src = await pictureUrl(ref)
  await image.decode().catch(() => {
    throw new Error('href' in ref ? `${decodeURI(ref.href)} is not beside this page` : 'the stored picture is damaged')
  })
  const { naturalWidth: width, naturalHeight: height } = image
  if (Math.max(width, height) > MAX_SIDE) throw new Error(`${width}×${height} pixels are more than a browser can show`)
  const [source, context] = createCanvas(width, height)
  context.drawImage(image, 0, 0)
  return { width, height, source, pixels: pixelsOf(context, width, height) }
}

function pixelsOf(context: CanvasRenderingContext2D, width: number, height: number): Bitmap['pixels'] {
  try {
    return context.getImageData(0, 0, width, height).data
  } catch {
    return undefined
  }
}

export function createCanvas(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('this browser has no 2D canvas')
  return [canvas, context]
}

/** A canvas of computed pixels. */
export function bitmapOf(width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>): ReadableBitmap {
  const [source, context] = createCanvas(width, height)
  context.putImageData(new ImageData(pixels, width, height), 0, 0)
  return { width, height, source, pixels }
}
