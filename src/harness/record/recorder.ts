/** Pops in, fixtures on disk out: scrubbed, with their pictures inside, each once. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'lossless-json'
import { fetchPublic } from '../../backends/public-address.js'
import { FixtureError } from '../../errors.js'
import { decodeImage } from '../../imaging/decode.js'
import { sha256Hex } from '../canonical.js'
import { writeWhole } from '../output.js'
import { isRecord, scrubPop, type Words } from './scrub.js'

export interface RecorderOptions {
  /** Folder of the fixtures. */
  out: string
  words: Words
  /** Gets a picture by its address. @default from public addresses only */
  fetchPicture?: (url: URL) => Promise<Uint8Array>
}

export type Recorded = { file: string } | { skipped: 'no job' | 'known' }

export interface Recorder {
  /**
   * @param text a pop's answer, as JSON
   * @throws FixtureError where it is no pop; BackendError, ImageError where a picture of it cannot be had
   */
  record(text: string): Promise<Recorded>
}

export function createRecorder({ out, words, fetchPicture = url => fetchPublic(url) }: RecorderOptions): Recorder {
  return {
    async record(text) {
      const pop = jobOf(text)
      if (pop === undefined) return { skipped: 'no job' }
      const scrubbed = await withPictures(scrubPop(pop, { words }), fetchPicture)
      const fixture = stringify(scrubbed, undefined, 1) ?? ''
      const file = join(out, `pop-${sha256Hex(fixture).slice(0, 16)}.json`)
      const known = await access(file).then(
        () => true,
        () => false,
      )
      if (known) return { skipped: 'known' }
      await writeWhole(file, `${fixture}\n`)
      return { file }
    },
  }
}

/** Undefined where the Horde had no job. */
function jobOf(text: string): Record<string, unknown> | undefined {
  let value: unknown
  try {
    value = parse(text)
  } catch (cause) {
    throw new FixtureError(`this is no pop: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: "a pop is the Horde's answer to POST /v2/generate/pop, as JSON",
    })
  }
  if (!isRecord(value)) throw new FixtureError('this is no pop: expected a JSON object')
  const wrapped = value.sdk_api_job_info
  const pop = isRecord(wrapped) ? wrapped : value
  if ('payload' in pop && (pop.id === null || !isRecord(pop.payload))) return undefined
  const payload = isRecord(pop.payload) ? pop.payload : pop
  if (!('ddim_steps' in payload || 'prompt' in payload))
    throw new FixtureError('this is no pop: it has no payload of an image')
  return pop
}

const PICTURES = ['source_image', 'source_mask'] as const

async function withPictures(
  pop: Record<string, unknown>,
  fetchPicture: (url: URL) => Promise<Uint8Array>,
): Promise<Record<string, unknown>> {
  const inside = async (value: unknown): Promise<unknown> => {
    if (typeof value !== 'string' || !/^\s*https?:/iu.test(value) || !URL.canParse(value.trim())) return value
    const bytes = await fetchPicture(new URL(value.trim()))
    // What is no picture is not kept, whatever it is.
    await decodeImage(bytes, { origin: 'a picture of the pop' })
    return Buffer.from(bytes).toString('base64')
  }
  const filled = async (holder: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const next = { ...holder }
    for (const field of PICTURES) if (field in next) next[field] = await inside(next[field])
    const extra = next.extra_source_images
    if (Array.isArray(extra)) {
      next.extra_source_images = await Promise.all(
        extra.map(async entry => (isRecord(entry) ? { ...entry, image: await inside(entry.image) } : entry)),
      )
    }
    return next
  }
  const { payload, ...beside } = pop
  return { payload: isRecord(payload) ? await filled(payload) : payload, ...(await filled(beside)) }
}
