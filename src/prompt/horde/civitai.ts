/** A LoRA as CivitAI's API describes it (`/api/v1/models`), as an entry of the library. */
import { z } from 'zod'
import { pythonRound } from '../python/round.js'
import type { LibraryLora } from './library.js'
import { asciiName, safeFileName } from './sanitise.js'

/** LoRAs above this many MiB are not downloaded for a job. */
const MAX_SIZE_MB = 400
/** What is assumed where CivitAI does not say a size. */
const USUAL_SIZE_MB = 144
const MAX_NAME_LENGTH = 128

const file = z.object({
  primary: z.boolean().default(false),
  name: z.string().default(''),
  sizeKB: z.number().nullable().default(0),
  downloadUrl: z.string().default(''),
  hashes: z.object({ SHA256: z.string().optional() }).default({}),
})

const version = z.object({
  id: z.number().default(0),
  trainedWords: z.array(z.string()).default([]),
  baseModel: z.string().default('SD 1.5'),
  availability: z.string().default('Public'),
  files: z.array(file).default([]),
})

const model = z.object({
  id: z.number().default(0),
  name: z.string().default(''),
  nsfw: z.boolean().default(true),
  modelVersions: z.array(version),
})

export interface CivitaiLora {
  lora: LibraryLora
  url: string
  sha256: string
  /** MiB, rounded. */
  sizeMb: number
  /** CivitAI's name of the family, e.g. `SDXL 1.0`. */
  baseModel: string
}

/** Why a LoRA is not downloaded: no safetensors file with an address and a hash; over 400 MiB; the worker makes no NSFW. */
export type CivitaiRejection = { rejected: 'INVALID' | 'TOO_LARGE' | 'NSFW' }

/** Reads the first, that is the newest, version of a model. `nsfw` says whether the worker takes NSFW models. */
export function parseCivitaiLora(item: unknown, { nsfw }: { nsfw: boolean }): CivitaiLora | CivitaiRejection {
  const parsed = model.safeParse(item)
  const newest = parsed.data?.modelVersions[0]
  const primary = newest?.files.find(({ primary, name }) => primary && name.endsWith('.safetensors'))
  const sha256 = primary?.hashes.SHA256
  if (!parsed.success || !newest || !primary || !sha256 || primary.downloadUrl === '') return { rejected: 'INVALID' }
  const sizeMb = primary.sizeKB === null ? USUAL_SIZE_MB : pythonRound(primary.sizeKB / 1024)
  if (sizeMb > MAX_SIZE_MB) return { rejected: 'TOO_LARGE' }
  const { id, name, nsfw: isNsfw } = parsed.data
  if (isNsfw && !nsfw) return { rejected: 'NSFW' }
  return {
    lora: {
      key: asciiName(name).toLowerCase().trim(),
      id,
      name,
      versions: [
        {
          id: String(newest.id),
          file: `${safeFileName(name).slice(0, MAX_NAME_LENGTH)}_${newest.id}.safetensors`,
          triggers: normaliseTriggers(newest.trainedWords),
          earlyAccess: newest.availability === 'EarlyAccess',
        },
      ],
    },
    url: primary.downloadUrl,
    sha256,
    sizeMb,
    baseModel: newest.baseModel,
  }
}

/** Triggers in AUTOMATIC1111's spelling, `<lora:name:1>`, become `name`; only those that begin a trigger. */
export function normaliseTriggers(triggers: readonly string[]): string[] {
  return triggers.map(trigger =>
    /^<(?:lora|ti):(.*):.*>/.test(trigger) ? trigger.replace(/<(?:lora|ti):(.*):.*>/g, '$1') : trigger,
  )
}
