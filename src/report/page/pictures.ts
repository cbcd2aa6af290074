/** The run's pictures, out of the inert blocks in which the page carries them. */
import { type PictureRef, pictureId } from '../page-data.js'

/** How often a block that the browser has not reached yet is looked for. */
const RETRY_MS = 50

/** A data URI, once the browser has read that far. Rejects with the reason where there is no such picture. */
export async function pictureUrl(ref: PictureRef): Promise<string> {
  if ('missing' in ref) throw new Error(ref.missing)
  for (;;) {
    const stillReading = document.readyState === 'loading'
    const block = document.getElementById(pictureId(ref.number))
    // While the page is being read, a block may be there with half of its text; its successor proves it whole.
    if (block && (!stillReading || block.nextElementSibling)) {
      return `data:${block.dataset.type};base64,${block.textContent}`
    }
    if (!stillReading) throw new Error('the page was cut off before this picture')
    await new Promise(resolve => setTimeout(resolve, RETRY_MS))
  }
}

/** A decoded picture. */
export interface Bitmap {
  width: number
  height: number
  source: HTMLCanvasElement
  /** RGBA, not premultiplied. */
  pixels: Uint8ClampedArray
}

/** Canvases wider or higher than this are refused by browsers. */
const MAX_SIDE = 16_384

/** Decodes a picture to pixels. Rejects with a sentence where that fails. */
export async function decodePicture(ref: PictureRef): Promise<Bitmap> {
  const image = new Image()
  image.src = await pictureUrl(ref)
  await image.decode().catch(() => {
    throw new Error('the stored picture is damaged')
  })
  const { naturalWidth: width, naturalHeight: height } = image
  if (Math.max(width, height) > MAX_SIDE) throw new Error(`${width}×${height} pixels are more than a browser can show`)
  const [source, context] = createCanvas(width, height)
  context.drawImage(image, 0, 0)
  return { width, height, source, pixels: context.getImageData(0, 0, width, height).data }
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
export function bitmapOf(width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>): Bitmap {
  const [source, context] = createCanvas(width, height)
  context.putImageData(new ImageData(pixels, width, height), 0, 0)
  return { width, height, source, pixels }
}
